"""A pretend SquadStack that answers as the documents of CRM v2 and SquadIQ v4 say.

It shares no code with the client, so that the two can disagree.

| module | what |
|---|---|
| `actions` | the six actions, what a call asks, the verdict on a lead |
| `reading` | body of a call → what it asks |
| `responses` | query of a call → the processed leads it asks for, in pages |
| `fields` | are the values of a lead well formed? |
| `leads` | what an action makes of one lead: pure |
| `results` | what a lead answers when it is called: pure |
| `campaigns` | the leads of all campaigns, and which of them are being worked on |
| `documents` | leads ↔ JSON |
| `work`, `pushes` | who calls the leads, and when; the events that are pushed then |
| `answers`, `refusals` | the documented answers: to leads, and to a call as a whole |
| `limits`, `faults` | how many calls a period; what goes wrong on request |
| `gate`, `crm`, `squadiq` | what every call goes through; the documented endpoints of the two APIs |
| `app`, `calls`, `inspection` | all of it as one; which calls came; a look inside, no part of the API |
| `wire`, `server`, `options`, `storage` | broken answers; the running server, its set-up; leads kept in a file |
"""
