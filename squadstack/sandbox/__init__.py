"""A pretend SquadStack that answers as its CRM v2 documents say.

It shares no code with the client, so that the two can disagree.

| module | what |
|---|---|
| `actions` | the six actions, what a call asks, the verdict on a lead |
| `reading` | body of a call → what it asks |
| `fields` | are the values of a lead well formed? |
| `leads` | what an action makes of one lead: pure |
| `campaigns` | the leads of all campaigns, and which of them are being worked on |
| `answers`, `refusals` | the documented answers: to leads, and to a call as a whole |
| `limits`, `faults` | how many calls a period; what goes wrong on request |
| `app`, `calls`, `inspection` | the documented endpoints; which calls came; a look inside, no part of the API |
| `wire`, `server`, `options`, `storage` | broken answers; the running server, its set-up; leads kept in a file |
"""
