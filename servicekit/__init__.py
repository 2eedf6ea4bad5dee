"""What any OctoLLM service needs to be a service; knows nothing of tasks, guards or arms."""
