"""Accepts goals, plans, drives the steps and remembers: the durable core of OctoLLM."""
