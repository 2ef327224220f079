"""All of Soundstage on one machine: embedded backing servers, six services and the gateway under one supervisor."""
