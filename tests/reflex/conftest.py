"""The compiled rules, made once for all tests of the reflex."""

from pathlib import Path

import pytest

from reflex.detect import Detector
from reflex.matching.engine import Engine
from reflex.readings.disguise import Disguises
from reflex.readings.normalise import Normaliser
from reflex.readings.vocabulary import load_vocabulary
from reflex.rules import load_rules
from reflex.scoring.concepts import load_concepts
from reflex.scoring.scorer import Scorer, load_weights


@pytest.fixture(scope="session")
def rules_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory whose compiled rules are made once: compiling takes seconds."""
    folder = tmp_path_factory.mktemp("rules")
    Engine(rules=load_rules(), folder=folder / "reflex")
    return folder


@pytest.fixture(scope="session")
def engine(rules_folder: Path) -> Engine:
    """The engine of this machine."""
    return Engine(rules=load_rules(), folder=rules_folder / "reflex")


@pytest.fixture(scope="session")
def plain_engine() -> Engine:
    """The engine where hyperscan is not installed."""
    return Engine(rules=load_rules(), use_hyperscan=False)


@pytest.fixture(scope="session")
def detector(engine: Engine) -> Detector:
    """Everything, as the service runs it."""
    return Detector(
        engine=engine,
        normaliser=Normaliser(),
        disguises=Disguises(vocabulary=load_vocabulary()),
        scorer=Scorer(weights=load_weights(), concepts=load_concepts()),
    )


@pytest.fixture(scope="session")
def rules_detector(engine: Engine) -> Detector:
    """The rules without the learned score."""
    return Detector(engine=engine, normaliser=Normaliser(), disguises=Disguises(vocabulary=load_vocabulary()))


@pytest.fixture(scope="session")
def plain_detector(plain_engine: Engine) -> Detector:
    """The rules on re2 alone."""
    return Detector(
        engine=plain_engine, normaliser=Normaliser(), disguises=Disguises(vocabulary=load_vocabulary())
    )
