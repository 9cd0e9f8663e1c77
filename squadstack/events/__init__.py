"""Disposition events: received from SquadStack's pushes, kept as lines of JSON, read without skipping one.

| module | what |
|---|---|
| `payloads` | a text → the events that it holds, with their ids: what both the receiver and the reader call an event |
| `kinds` | what an event is about, when it occurred, and how it ended |
| `rows` | events → rows of the tap's streams: pure |
| `places`, `folders` | the files of a folder or a bucket |
| `positions` | how far each file was read, and how to know it again |
| `reader` | new events since the positions |
| `segments`, `store` | lines on disk, durably; many at once |
| `receiving`, `bodies` | how the receiver is set up, who may push; bodies within their limits |
| `app`, `serving` | the receiver as an ASGI application; its server |
"""
