"""The settings of an arm of one's own: those of any arm, and where the orchestrator is."""

from arms.settings import ArmsSettings


class OwnArmSettings(ArmsSettings):
    """What an arm in a process of its own needs to know."""

    orchestrator: str = ""
    """Where to register: ``HOST:PORT`` or ``unix:PATH``; empty takes the usual port on `host`."""

    def target(self, name: str) -> str:
        """The gRPC target under which service `name` is called."""
        return self.orchestrator if name == "orchestrator" and self.orchestrator else super().target(name)
