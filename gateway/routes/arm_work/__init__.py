"""The arms' own routes, one module an arm: each on the arm's port and under its name on the gateway's."""
