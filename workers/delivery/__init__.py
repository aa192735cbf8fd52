"""What is sent to the outside: webhooks, results for destinations, notices to people, storage commitment."""
