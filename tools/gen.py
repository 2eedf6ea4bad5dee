"""Remake gen/ from proto/, and hold the protos to their rules: `make gen`, and `--check` in `make check`.

protoc compiles, buf judges. Neither asks a registry: buf/validate/validate.proto is taken as a descriptor
from the installed protovalidate package, the well-known types from grpcio-tools.
"""

import argparse
import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import grpc_tools
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc
from protovalidate._gen.buf.validate import validate_pb

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
GEN = ROOT / "gen"
BASELINE = PROTO / "baseline.binpb"
WELL_KNOWN = Path(grpc_tools.__file__).parent / "_proto"
VALIDATE = "buf/validate/validate.proto"
BUF = Path(sys.executable).parent / "buf"
HEADER = '"""Generated from proto/ by `make gen`; do not edit."""\n'


def sources() -> list[str]:
    """Our proto files, relative to proto/, sorted."""
    return sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))


def run_protoc(*arguments: str) -> None:
    """Run protoc in process.

    Raises:
        SystemExit: when protoc reports an error; it has printed which.
    """
    compiler = cast("Any", protoc)  # the package carries no types
    if compiler.main(["protoc", f"-I{PROTO}", f"-I{WELL_KNOWN}", *arguments]) != 0:
        raise SystemExit("protoc failed: see above")


def write_dependencies(target: Path) -> None:
    """Write buf/validate/validate.proto and what it imports as a FileDescriptorSet."""
    run_protoc(
        "--include_imports",
        f"--descriptor_set_out={target}",
        *(f"google/protobuf/{name}.proto" for name in ("descriptor", "duration", "field_mask", "timestamp")),
    )
    known = FileDescriptorSet.FromString(target.read_bytes())
    known.file.append(FileDescriptorProto.FromString(validate_pb.desc().proto.to_binary()))
    target.write_bytes(known.SerializeToString(deterministic=True))


def write_image(target: Path, *, dependencies: Path) -> None:
    """Write all our protos with their imports and comments as one image that buf reads."""
    run_protoc(
        f"--descriptor_set_in={dependencies}",
        "--include_imports",
        "--include_source_info",
        f"--descriptor_set_out={target}",
        *sources(),
    )


def generate(target: Path, *, dependencies: Path) -> None:
    """Write every generated module and stub below `target`."""
    common = f"--descriptor_set_in={dependencies}"
    plugins = Path(sys.executable).parent
    run_protoc(
        common,
        f"--plugin=protoc-gen-mypy={plugins / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={plugins / 'protoc-gen-mypy_grpc'}",
        f"--python_out={target}",
        f"--grpc_python_out={target}",
        f"--mypy_out=quiet:{target}",
        f"--mypy_grpc_out=quiet:{target}",
        *sources(),
    )
    run_protoc(
        common,
        f"--plugin=protoc-gen-mypy={plugins / 'protoc-gen-mypy'}",
        f"--python_out={target}",
        f"--mypy_out=quiet:{target}",
        VALIDATE,
    )
    for folder in [path for path in target.rglob("*") if path.is_dir()]:
        (folder / "__init__.py").write_text(HEADER)
    drop_empty_services(target)


def drop_empty_services(target: Path) -> None:
    """Remove the *_pb2_grpc files of protos that define no service: they would hold nothing."""
    for source in sources():
        if "\nservice " not in (PROTO / source).read_text():
            for stub in target.glob(source.removesuffix(".proto") + "_pb2_grpc.py*"):
                stub.unlink()


def differences(left: Path, right: Path) -> list[str]:
    """Files that are not the same in both trees, `__pycache__` aside."""

    def files(root: Path) -> set[str]:
        return {
            str(path.relative_to(root))
            for path in root.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    names = files(left) | files(right)
    return sorted(
        name
        for name in names
        if not ((left / name).is_file() and (right / name).is_file())
        or not filecmp.cmp(left / name, right / name, shallow=False)
    )


def buf(*arguments: str) -> None:
    """Run buf.

    Raises:
        SystemExit: when buf finds something; it has printed what.
    """
    if subprocess.run([BUF, *arguments], cwd=ROOT, check=False).returncode != 0:
        raise SystemExit(f"buf {arguments[0]} failed: see above")


def judge(image: Path) -> None:
    """Run buf format, lint and breaking."""
    ours = [argument for source in sources() for argument in ("--path", source)]
    buf("format", "--diff", "--exit-code", "proto")
    buf("lint", str(image), *ours, "--config", "buf.yaml")
    buf("breaking", str(image), "--against", str(BASELINE), *ours, "--config", "buf.yaml")


def check(work: Path, *, dependencies: Path) -> None:
    """Hold gen/ and the protos against their rules without changing anything."""
    fresh = work / "gen"
    fresh.mkdir()
    generate(fresh, dependencies=dependencies)
    different = differences(GEN, fresh)
    if different:
        raise SystemExit("gen/ is not what `make gen` writes: " + ", ".join(different))
    image = work / "image.binpb"
    write_image(image, dependencies=dependencies)
    judge(image)
    print(f"protos: {len(sources())} files in order, gen/ up to date")


def main() -> None:
    """Remake, check, or renew the baseline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if gen/ or a rule is off")
    parser.add_argument(
        "--renew-baseline", action="store_true", help="make today's protos what buf breaking compares with"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        dependencies = work / "dependencies.binpb"
        write_dependencies(dependencies)
        if options.check:
            check(work, dependencies=dependencies)
        elif options.renew_baseline:
            write_image(BASELINE, dependencies=dependencies)
        else:
            fresh = work / "gen"
            fresh.mkdir()
            generate(fresh, dependencies=dependencies)
            shutil.rmtree(GEN, ignore_errors=True)
            shutil.copytree(fresh, GEN)


if __name__ == "__main__":
    main()
