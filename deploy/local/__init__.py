"""The whole of Soundstage on one machine: embedded backing servers, six services, the gateway, one supervisor."""
