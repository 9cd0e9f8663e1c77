"""What the Singer tap and the Singer target have in common: settings, and manners on the command line."""
