"""What a hub is deployed with: compose, images, chart, alerts and dashboard, under the real tools."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import psutil
import pytest
import yaml
from helm_python.chart import Chart, lint
from helm_python.errors import HelmError

from services.processes import start_grace
from services.settings import Settings
from services.standalone import ports, probe
from services.telemetry import metrics

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "fada"
SITE = Path(sysconfig.get_path("purelib"))
KNOWN = {f"FADA_{name.upper()}" for name in Settings.model_fields}
ALL = {
    "tlsSecret": "authorities",
    "dimse": {
        "enabled": True,
        "networks": "10.1.0.0/16",
        "tls": {"secret": "dicom", "clients": True},
        "service": {"type": "LoadBalancer"},
    },
    "hl7": {"enabled": True, "senders": "HIS", "networks": "10.2.0.0/16", "tls": {"secret": "hl7"}},
    "affinity": {"nodeAffinity": {}},
    "extraEnv": [{"name": "SSL_CERT_FILE", "value": "/ca/ca.pem"}],
    "extraVolumes": [{"name": "ca", "configMap": {"name": "ca"}}],
    "extraVolumeMounts": [{"name": "ca", "mountPath": "/ca"}],
    "networkPolicy": {"modalities": ["10.1.0.0/16"], "senders": ["10.2.0.0/16"]},
    "releases": {"enabled": True},
    "image": {"digest": "sha256:" + "a" * 64},
    "gateway": {"ingress": {"enabled": True, "className": "nginx"}},
    "monitoring": {
        "podMonitor": True,
        "prometheusRule": True,
        "dashboard": True,
        "labels": {"release": "prom"},
    },
    "triton": {"gpu": True, "autoscaling": {"kind": "hpa"}},
    "worker": {"autoscaling": {"kind": "hpa"}},
    "settings": {"max_instance_bytes": 2**31, "push_stow_url": "https://pacs/?a=1&b=2"},
    "secret": {"keys": {"metrics_token": "metrics-token"}},
    "podLabels": {"team": "ultrasound"},
}
KEDA = {"worker": {"autoscaling": {"kind": "keda"}}, "triton": {"autoscaling": {"kind": "keda"}}}


def needed(program: str) -> str:
    executable = shutil.which(program)
    if executable is None:
        message = f"{program} is not installed (Debian: prometheus)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return executable


# --- compose -------------------------------------------------------------------------------------
def compose(
    folder: Path, text: str, *arguments: str, **given: str
) -> subprocess.CompletedProcess[str]:
    """The real compose binary on ``text``, as if it lay in the repository."""
    example = (ROOT / "docker" / "env.example").read_text()
    values = dict(
        line.split("=", 1) for line in example.splitlines() if "=" in line and line[0] != "#"
    )
    values = {name: value or "secret" for name, value in values.items()} | given
    (folder / "env").write_text(
        "".join(f"{name}={value}\n" for name, value in values.items() if value != "-")
    )
    (folder / "compose.yml").write_text(text)
    command: list[str | Path] = [
        SITE / "compose" / "docker-compose",
        "--project-directory",
        ROOT,
        "--env-file",
        folder / "env",
    ]
    command += ["-f", folder / "compose.yml", *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
    )


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    text = (ROOT / "docker-compose.yml").read_text()
    profiles = [word for name in ("gpu", "dimse", "hl7") for word in ("--profile", name)]
    arguments = (*profiles, "config", "--format", "json")
    done = compose(tmp_path_factory.mktemp("compose"), text, *arguments)
    assert done.returncode == 0, done.stderr
    configuration: dict[str, Any] = json.loads(done.stdout)
    return configuration


def test_compose_accepts_the_file_and_refuses_a_broken_one(tmp_path: Path) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert compose(tmp_path, text, "config", "-q").returncode == 0
    assert (
        compose(
            tmp_path, text.replace("restart: unless-stopped", "restrat: x"), "config", "-q"
        ).returncode
        != 0
    )


def test_compose_does_not_start_without_its_secrets(tmp_path: Path) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in (
        "POSTGRES_PASSWORD",
        "REDIS_PASSWORD",
        "S3_SECRET_KEY",
        "SECRET_KEY",
        "STORE_TOKEN_KEY",
        "METRICS_TOKEN",
        "GRAFANA_PASSWORD",
    ):
        done = compose(tmp_path, text, "config", "-q", **{name: "-"})
        assert done.returncode != 0
        assert name in done.stderr


@pytest.mark.skipif(shutil.which("caddy") is None, reason="Debian's caddy is not installed")
def test_caddy_accepts_its_file_and_refuses_a_broken_one(tmp_path: Path) -> None:
    def validate(text: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "Caddyfile").write_text(text)
        return subprocess.run(
            ["caddy", "validate", "--adapter", "caddyfile", "--config", tmp_path / "Caddyfile"],
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PUBLIC_HOST": "hub.example"},
        )

    text = (ROOT / "docker" / "Caddyfile").read_text()
    done = validate(text)
    assert done.returncode == 0, done.stderr
    assert validate(text.replace("reverse_proxy", "reverse_poxy")).returncode != 0


def test_compose_has_every_part(composed: dict[str, Any]) -> None:
    services = composed["services"]
    assert set(services) == {
        "prepare", "gateway", "worker", "sweeper", "dimse", "hl7", "triton", "triton-gpu", "redis",
        "postgres", "s3", "caddy", "prometheus", "grafana",
    }  # fmt: skip
    assert services["triton-gpu"]["profiles"] == ["gpu"]
    assert "profiles" not in services["triton"]
    redis = " ".join(services["redis"]["command"])
    assert "--appendonly yes" in redis
    assert "noeviction" in redis
    assert composed["networks"]["back"]["internal"] is True


def test_compose_shows_the_outside_only_what_it_must(composed: dict[str, Any]) -> None:
    open_ports = {
        (name, port["target"], port.get("host_ip"))
        for name, service in composed["services"].items()
        for port in service.get("ports", [])
    }
    assert open_ports == {
        ("caddy", 80, "127.0.0.1"), ("caddy", 443, "127.0.0.1"),
        ("grafana", 3000, "127.0.0.1"), ("dimse", 11112, "127.0.0.1"), ("hl7", 2575, "127.0.0.1"),
    }  # fmt: skip
    for name in ("postgres", "redis", "s3", "triton", "triton-gpu", "sweeper"):
        assert set(composed["services"][name]["networks"]) == {"back"}, name


def test_the_store_shows_others_its_signed_port_alone(
    composed: dict[str, Any], tmp_path: Path
) -> None:
    """The command of the file, run as it is: what listens beyond loopback is S3."""
    command = [str(part) for part in composed["services"]["s3"]["command"]]
    assert "-filer.disableHttp" in command
    content = composed["configs"]["s3-security"]["content"]
    assert content.count("secret") == 4
    (tmp_path / "security.toml").write_text(content)
    (tmp_path / "s3.json").write_text(composed["configs"]["s3"]["content"])
    free = [str(port) for port in ports.free(8)]
    names = ("s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port")
    names += ("volume.port.grpc", "filer.port", "filer.port.grpc")  # type: ignore[assignment]
    given = [p for p in command if not p.startswith(("-dir=", "-s3.port=", "-s3.config="))]
    given += [f"-{name}={port}" for name, port in zip(names, free, strict=True)]
    given += [f"-dir={tmp_path}", f"-s3.config={tmp_path / 's3.json'}"]
    weed = Path(sysconfig.get_path("scripts")) / "weed"
    process = subprocess.Popen(
        [weed, *given], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        ours, until = psutil.Process(process.pid), time.monotonic() + 60
        while free[0] not in (addresses := listening(ours)) and time.monotonic() < until:
            time.sleep(0.2)
        beyond = {port for port, address in addresses.items() if address != "127.0.0.1"}
        assert free[0] in beyond
        assert beyond <= {free[0], free[1]}, "S3 and its gRPC, which asks for a signature too"
    finally:
        process.kill()
        process.wait()


def listening(process: psutil.Process) -> dict[str, str]:
    return {
        str(one.laddr.port): one.laddr.ip
        for one in process.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN
    }


def test_the_proxy_is_believed_and_figures_ask_for_a_token(composed: dict[str, Any]) -> None:
    (range_,) = composed["networks"]["front"]["ipam"]["config"]
    gateway = composed["services"]["gateway"]["environment"]
    assert gateway["FADA_TRUSTED_PROXIES"] == range_["subnet"]
    scraped = yaml.safe_load((ROOT / "docker/prometheus/prometheus.yml").read_text())
    (job,) = [one for one in scraped["scrape_configs"] if one["job_name"] == "fada-gateway"]
    (token,) = composed["services"]["prometheus"]["configs"]
    assert job["authorization"]["credentials_file"] == token["target"]
    assert composed["configs"]["metrics-token"]["content"] == gateway["FADA_METRICS_TOKEN"]


def test_the_store_can_be_another_one(tmp_path: Path) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    done = compose(
        tmp_path, text, "config", "--format", "json", S3_IMAGE="pgsty/silo:1", S3_COMMAND="server /data",
        S3_ENDPOINT="s3:9000",
    )  # fmt: skip
    services = json.loads(done.stdout)["services"]
    assert services["s3"]["image"] == "pgsty/silo:1"
    assert services["s3"]["command"] == ["server", "/data"]
    assert services["gateway"]["environment"]["FADA_S3_ENDPOINT"] == "s3:9000"


def test_images_are_pinned_and_own_programs_have_no_rights(composed: dict[str, Any]) -> None:
    for name, service in composed["services"].items():
        assert re.search(r":v?\d+\.\d+", service["image"]), name
        if "build" in service:
            assert service["cap_drop"] == ["ALL"], name
            assert service["read_only"] is True, name


# --- images --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "path", sorted((ROOT / "docker").glob("*.Dockerfile")), ids=lambda path: path.name
)
def test_hadolint_accepts_the_image(path: Path) -> None:
    program = Path(sysconfig.get_path("scripts")) / "hadolint"
    done = subprocess.run(
        [program, "--no-color", "-t", "info", path], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    text = path.read_text()
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text
    assert all(re.search(r":\d", base) for base in re.findall(r"^FROM (\S+)", text, re.MULTILINE))


def test_hadolint_would_refuse(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian\nRUN cd /x && apt-get install curl\n")
    program = Path(sysconfig.get_path("scripts")) / "hadolint"
    assert subprocess.run([program, tmp_path / "Dockerfile"], capture_output=True).returncode != 0


# --- chart ---------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def chart() -> Iterator[Chart]:
    with Chart.load(str(CHART)) as loaded:
        yield loaded


def manifests(chart: Chart, values: dict[str, Any]) -> list[dict[str, Any]]:
    rendered = chart.render(values, name="hub", namespace="fada")
    documents = [text for path, text in rendered.items() if path.endswith(".yaml")]
    return [one for text in documents for one in yaml.safe_load_all(text) if one]


def test_the_chart_lints() -> None:
    result = lint(str(CHART), strict=True)
    assert [one for one in result["messages"] if one["severity"] > 1] == []
    assert result["errors"] == []


@pytest.mark.parametrize("values", [{}, ALL, KEDA], ids=["default", "all", "keda"])
@pytest.mark.parametrize("version", ["1.27", "1.33"])
def test_every_manifest_is_valid(chart: Chart, values: dict[str, Any], version: str) -> None:
    kinds = set()
    for one in manifests(chart, values):
        kinds.add(one["kind"])
        if one["apiVersion"].split("/")[0].endswith(("keda.sh", "coreos.com")):
            continue  # of operators: no schema in Kubernetes itself
        kubernetes_validate.validate(one, version, strict=True)
    assert {"Deployment", "Job", "NetworkPolicy", "PodDisruptionBudget", "Service"} <= kinds
    if values is KEDA:
        assert "ScaledObject" in kinds
    if values is ALL:
        assert {"HorizontalPodAutoscaler", "Ingress", "PodMonitor"} <= kinds


def pods(chart: Chart, values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        one["metadata"]["name"]: one["spec"]["template"]
        for one in manifests(chart, values)
        if one["kind"] in ("Deployment", "Job")
    }


def test_pods_are_limited_probed_and_without_rights(chart: Chart) -> None:
    pods_by_name = pods(chart, ALL)
    assert set(pods_by_name) == {
        f"hub-fada-{part}"
        for part in ("gateway", "worker", "sweeper", "dimse", "hl7", "triton", "prepare")
    }
    for name, pod in pods_by_name.items():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["automountServiceAccountToken"] is False, name
        (container,) = spec["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
        assert {"cpu", "memory"} <= set(container["resources"]["limits"]), name
        assert {"cpu", "memory"} <= set(container["resources"]["requests"]), name
        mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
        assert ("tls" in mounts) is (name != "hub-fada-triton"), name
        if not name.endswith("prepare"):
            assert {"livenessProbe", "readinessProbe"} <= set(container), name
            start = container["startupProbe"]
            assert start["periodSeconds"] * start["failureThreshold"] >= start_grace.MOST_SECONDS, (
                name
            )
    for part, protocol in (("dimse", "dicom"), ("hl7", "mllp")):
        (container,) = pods_by_name[f"hub-fada-{part}"]["spec"]["containers"]
        (port,) = container["ports"]
        asked = ["python", "-m", probe.__name__, protocol, str(port["containerPort"])]
        assert container["livenessProbe"]["exec"]["command"] == asked
    (gateway,) = pods_by_name["hub-fada-gateway"]["spec"]["containers"]
    assert gateway["readinessProbe"]["httpGet"]["path"] == "/health/serving"
    assert (
        pods_by_name["hub-fada-triton"]["spec"]["containers"][0]["resources"]["limits"][
            "nvidia.com/gpu"
        ]
        == 1
    )


def test_secrets_come_by_reference_and_settings_as_they_are(chart: Chart) -> None:
    (container,) = pods(chart, ALL)["hub-fada-gateway"]["spec"]["containers"]
    environment = {one["name"]: one for one in container["env"]}
    for name in ("FADA_INDEX_URL", "FADA_BROKER_URL", "FADA_S3_SECRET_KEY", "FADA_SECRET_KEY"):
        assert environment[name]["valueFrom"]["secretKeyRef"]["name"] == "fada"
    assert environment["FADA_MAX_INSTANCE_BYTES"]["value"] == "2147483648"
    assert environment["FADA_PUSH_STOW_URL"]["value"] == "https://pacs/?a=1&b=2"
    assert environment["FADA_TRITON_GRPC"]["value"] == "hub-fada-triton:8001"
    assert environment["FADA_PUBLIC_URL"]["value"] == "https://fada.example.org"


def test_policies_and_budgets_fit_their_pods(chart: Chart) -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(chart, ALL).items()}
    for one in manifests(chart, ALL):
        if one["kind"] == "NetworkPolicy":
            wanted = one["spec"]["podSelector"]["matchLabels"]
        elif one["kind"] in ("PodDisruptionBudget", "PodMonitor"):
            wanted = one["spec"]["selector"]["matchLabels"]
        elif one["kind"] == "Service" and "selector" in one["spec"]:
            wanted = one["spec"]["selector"]
        else:
            continue
        chosen = [name for name, have in labels.items() if wanted.items() <= have.items()]
        assert len(chosen) == 1, one["metadata"]["name"]
        if one["kind"] == "NetworkPolicy" and chosen == ["hub-fada-triton"]:
            assert one["spec"]["egress"] == []


def test_tables_are_made_before_the_programs_start(chart: Chart) -> None:
    (job,) = [one for one in manifests(chart, {}) if one["kind"] == "Job"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["prepare"]


def test_the_chart_refuses_what_would_break(chart: Chart) -> None:
    with pytest.raises(HelmError, match="ReadWriteMany"):
        chart.render({"gateway": {"replicas": 2}}, name="hub")
    for wrong in (
        {"worker": {"autoscaling": {"kind": "magic"}}},
        {"wroker": {"replicas": 3}},
        {"gateway": {"replica": 2}},
        {"gateway": {"ingress": {"hosts": ["a"]}}},
        {"triton": {"resources": {"limit": {"cpu": "1"}}}},
        {"settings": {"job_atempts": 4}},
        {"secret": {"keys": {"s3_acess_key": "x"}}},
        {"networkPolicy": {"modalities": ["everything"]}},
        {"image": {"digest": "latest"}},
    ):
        with pytest.raises(HelmError):
            chart.validate_schema(wrong)
        with pytest.raises(HelmError):
            chart.render(wrong, name="hub")
    chart.validate_schema(ALL)


def test_the_schema_knows_every_setting_and_every_value() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    known = schema["definitions"]["setting"]["enum"]
    assert known == sorted(Settings.model_fields), (
        "write the settings' names into values.schema.json"
    )
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def open_objects(node: Any, path: str) -> Iterator[str]:
        if isinstance(node, dict):
            if "properties" in node and node.get("additionalProperties") is not False:
                yield path
            for name, value in node.items():
                yield from open_objects(value, f"{path}/{name}")

    assert list(open_objects(schema, "")) == []
    assert set(values) == set(schema["properties"]) - {"global"}


def test_machines_from_outside_are_let_in_by_address_and_tls(chart: Chart) -> None:
    made = {(one["kind"], one["metadata"]["name"]): one for one in manifests(chart, ALL)}
    policy = made["NetworkPolicy", "hub-fada-dimse"]["spec"]["ingress"][0]
    assert {"ipBlock": {"cidr": "10.1.0.0/16"}} in policy["from"]
    assert "ipBlock" not in str(made["NetworkPolicy", "hub-fada-gateway"])
    assert made["Service", "hub-fada-dimse"]["spec"]["externalTrafficPolicy"] == "Local"
    (container,) = made["Deployment", "hub-fada-dimse"]["spec"]["template"]["spec"]["containers"]
    environment = {one["name"]: one.get("value") for one in container["env"]}
    assert environment["FADA_DIMSE_NETWORKS"] == "10.1.0.0/16"
    assert environment["FADA_DIMSE_TLS_CA"] == "/run/certificates/ca.pem"
    assert "/run/certificates" in [one["mountPath"] for one in container["volumeMounts"]]


def test_senders_of_hl7_are_let_in_by_address(chart: Chart) -> None:
    made = {(one["kind"], one["metadata"]["name"]): one for one in manifests(chart, ALL)}
    (rule,) = made["NetworkPolicy", "hub-fada-hl7"]["spec"]["ingress"]
    assert {"ipBlock": {"cidr": "10.2.0.0/16"}} in rule["from"]
    assert {"ipBlock": {"cidr": "10.1.0.0/16"}} not in rule["from"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 2575}]
    (container,) = made["Deployment", "hub-fada-hl7"]["spec"]["template"]["spec"]["containers"]
    environment = {one["name"]: one.get("value") for one in container["env"]}
    assert (environment["FADA_HL7_PORT"], environment["FADA_HL7_SENDERS"]) == ("2575", "HIS")
    assert environment["FADA_HL7_TLS_CERTIFICATE"] == "/run/certificates/fada.pem"


def test_releases_lie_on_a_volume_that_all_parts_share(
    chart: Chart, composed: dict[str, Any]
) -> None:
    place = "/var/lib/fada-releases"
    for name, pod in pods(chart, ALL).items():
        (container,) = pod["spec"]["containers"]
        mounts = {one["mountPath"]: one for one in container["volumeMounts"]}
        environment = {one["name"]: one.get("value") for one in container["env"]}
        if name.endswith("prepare"):  # runs before there is a volume
            assert place not in mounts
            assert "FADA_RELEASES" not in environment
            continue
        assert environment["FADA_RELEASES"] == place, name
        assert mounts[place].get("readOnly", False) is (not name.endswith("gateway")), name
    (first,) = pods(chart, ALL)["hub-fada-gateway"]["spec"]["initContainers"]
    assert first["args"] == ["releases"]
    for name in ("prepare", "gateway", "worker", "dimse", "triton", "triton-gpu"):
        service = composed["services"][name]
        (volume,) = [one for one in service["volumes"] if one["target"] == place]
        assert volume["source"] == "releases"
        assert bool(volume.get("read_only")) is (name not in ("prepare", "gateway")), name
        assert service["environment"]["FADA_RELEASES"] == place
        assert name == "prepare" or "prepare" in service["depends_on"], name


def test_helm_test_asks_for_readiness_and_may(chart: Chart) -> None:
    made = manifests(chart, ALL)
    (pod,) = [one for one in made if one["kind"] == "Pod"]
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert "http://hub-fada-gateway:80/health/ready" in pod["spec"]["containers"][0]["args"][0]
    (policy,) = [
        one
        for one in made
        if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == "hub-fada-gateway"
    ]
    allowed = [
        one["podSelector"] for one in policy["spec"]["ingress"][0]["from"] if "podSelector" in one
    ]
    (selector,) = allowed
    assert selector["matchLabels"].items() <= pod["metadata"]["labels"].items()


def test_settings_of_the_outside_pass_through_compose(tmp_path: Path) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    given = {
        "CORS_ORIGINS": "https://ohif.example", "DIMSE_NETWORKS": "10.1.0.0/16",
        "DIMSE_TLS_CERTIFICATE": "/run/certificates/fada.pem", "DIMSE_CERTIFICATES": "/etc/fada",
        "OIDC_GROUP_CLAIM": "roles",
    }  # fmt: skip
    done = compose(tmp_path, text, "--profile", "dimse", "config", "--format", "json", **given)
    services = json.loads(done.stdout)["services"]
    dimse = services["dimse"]
    assert dimse["environment"]["FADA_DIMSE_NETWORKS"] == "10.1.0.0/16"
    assert dimse["environment"]["FADA_DIMSE_TLS_CERTIFICATE"] == "/run/certificates/fada.pem"
    assert "/etc/fada" in [one["source"] for one in dimse["volumes"]]
    assert services["gateway"]["environment"]["FADA_CORS_ORIGINS"] == "https://ohif.example"
    assert services["gateway"]["environment"]["FADA_OIDC_GROUP_CLAIM"] == "roles"


def test_any_other_setting_reaches_every_program_by_a_file(tmp_path: Path) -> None:
    """Those that Compose names are its own; all others of the settings are read from hub.env."""
    text = (ROOT / "docker-compose.yml").read_text()
    (tmp_path / "hub.env").write_text("".join(f"{name}=of-the-file\n" for name in sorted(KNOWN)))
    done = compose(tmp_path, text, "config", "--format", "json", HUB_ENV=str(tmp_path / "hub.env"))
    services = json.loads(done.stdout)["services"]
    for part in ("prepare", "gateway", "worker", "sweeper"):
        environment = services[part]["environment"]
        assert KNOWN - set(environment) == set(), part
        assert environment["FADA_QUIET_SECONDS"] == "of-the-file"
        assert environment["FADA_S3_BUCKET"] == "fada", "what Compose names goes first"


# --- names that must agree -----------------------------------------------------------------------
def test_every_variable_is_a_setting(chart: Chart, composed: dict[str, Any]) -> None:
    used = {
        name
        for service in composed["services"].values()
        for name in service.get("environment") or {}
    }
    for pod in pods(chart, ALL).values():
        used |= {one["name"] for one in pod["spec"]["containers"][0].get("env", [])}
    for path in (ROOT / "docker").glob("*.Dockerfile"):
        used |= set(re.findall(r"\bFADA_[A-Z0-9_]+", path.read_text()))
    model = (ROOT / "models" / "triton" / "fada" / "1" / "model.py").read_text()
    of_the_model = set(re.findall(r'"(FADA_[A-Z_]+)"', model))
    ours = {name for name in used if name.startswith("FADA_")}
    assert len(ours) > 25
    assert ours - of_the_model - KNOWN == set()


def test_every_command_exists(chart: Chart, composed: dict[str, Any]) -> None:
    from typer.testing import CliRunner

    from cli.main import app

    commands = {
        service["command"][0]
        for service in composed["services"].values()
        if "build" in service and service.get("command")
    }
    for pod in pods(chart, ALL).values():
        commands |= set(pod["spec"]["containers"][0].get("args", []))
    commands |= set(
        re.findall(
            r'^CMD \["([a-z]+)"\]',
            "\n".join(p.read_text() for p in (ROOT / "docker").glob("*.Dockerfile")),
            re.MULTILINE,
        )
    )
    assert {"gateway", "worker", "sweeper", "dimse", "triton", "prepare"} <= commands
    for command in commands:
        assert CliRunner().invoke(app, ["serve", command, "--help"]).exit_code == 0, command


# --- seen ----------------------------------------------------------------------------------------
def figures() -> dict[str, set[str]]:
    """Name of each time series FADA writes → its labels."""
    labels_by_metric: dict[str, set[str]] = {}
    for metric in vars(metrics).values():
        inner = metric.metric if isinstance(metric, metrics.Bounded) else metric
        if not isinstance(inner, metrics.Counter | metrics.Gauge | metrics.Histogram):
            continue
        (family,) = inner.describe()
        labels = set(inner._labelnames)
        if isinstance(inner, metrics.Histogram):
            labels_by_metric |= {f"{family.name}_{part}": labels for part in ("sum", "count")}
            labels_by_metric[f"{family.name}_bucket"] = labels | {"le"}
        else:
            labels_by_metric[
                family.name + ("_total" if isinstance(inner, metrics.Counter) else "")
            ] = labels
    return labels_by_metric


def expressions() -> list[str]:
    dashboard = json.loads((ROOT / "charts/fada/files/dashboard.json").read_text())
    rules = yaml.safe_load((CHART / "files" / "alerts.yml").read_text())
    panel_expressions = [
        target["expr"] for panel in dashboard["panels"] for target in panel["targets"]
    ]
    assert len(panel_expressions) > 15
    return panel_expressions + [
        rule["expr"] for group in rules["groups"] for rule in group["rules"]
    ]


def test_every_panel_and_alert_asks_for_a_series_that_exists() -> None:
    known = figures()
    libraries = (SITE / "pytriton" / "tritonserver").rglob("libtritonserver.so")
    server = b"".join(library.read_bytes() for library in libraries)
    for expression in expressions():
        names = re.findall(r"\b((?:fada|nv)_[a-z0-9_]+)(\{[^}]*\})?", expression)
        assert names or "up{" in expression, expression
        for name, selector in names:
            if name.startswith("nv_"):
                assert not server or name.encode() in server, name
                continue
            assert name in known, name
            assert set(re.findall(r"(\w+)\s*=~?", selector)) <= known[name], expression
        of_all = set().union(*(known.get(name, set()) for name, _ in names))
        for grouped in re.findall(r"by \(([^)]*)\)", expression):
            assert {one.strip() for one in grouped.split(",")} <= of_all, expression


TESTED = Path(__file__).with_name("alerts.test.yml")


def checked(folder: Path, *arguments: str) -> None:
    promtool = needed("promtool")
    done = subprocess.run([promtool, *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_configuration_rules_and_their_tests(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret")
    scraped = (ROOT / "docker" / "prometheus" / "prometheus.yml").read_text()
    scraped = scraped.replace("/run/metrics-token", str(tmp_path / "token"))
    (tmp_path / "prometheus.yml").write_text(scraped)
    shutil.copy(CHART / "files" / "alerts.yml", tmp_path)
    shutil.copy(TESTED, tmp_path)
    checked(tmp_path, "check", "config", "prometheus.yml")
    checked(tmp_path, "check", "rules", "alerts.yml")
    checked(tmp_path, "test", "rules", TESTED.name)


def test_the_charts_alerts_fire_with_the_labels_that_kubernetes_gives(
    chart: Chart, tmp_path: Path
) -> None:
    """The same tests: series as PodMonitors label them, and beside them a sound hub of another namespace."""
    made = manifests(chart, ALL)
    (rule,) = [one for one in made if one["kind"] == "PrometheusRule"]
    assert rule["metadata"]["labels"]["release"] == "prom"
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(rule["spec"]))
    monitors = {one["metadata"]["name"] for one in made if one["kind"] == "PodMonitor"}
    rule_tests = yaml.safe_load(TESTED.read_text())
    for test in rule_tests["tests"]:
        test["input_series"] = [
            {**one, "series": labelled(one["series"], monitors)} for one in test["input_series"]
        ] + [
            {"series": f'up{{job="other/hub-fada-{part}",namespace="other"}}', "values": "1x60"}
            for part in ("gateway", "worker", "sweeper")
        ]
    (tmp_path / TESTED.name).write_text(yaml.safe_dump(rule_tests))
    checked(tmp_path, "check", "rules", "alerts.yml")
    checked(tmp_path, "test", "rules", TESTED.name)


def labelled(series: str, monitors: set[str]) -> str:
    """A series as the operator's Prometheus stores it, of the part that writes it."""
    name, _, labels = series.partition("{")
    job = re.search(r'job="fada-(\w+)"', labels)
    part = job[1] if job else "triton" if name.startswith("nv_") else "gateway"
    if not job and name.startswith("fada_worker"):
        part = "worker"
    if name in ("fada_jobs", "fada_outbox_rows", "fada_deliveries"):
        part = "sweeper"
    assert f"hub-fada-{part}" in monitors
    left = re.sub(r'job="[^"]*",? ?', "", labels.rstrip("}"))
    pod = re.search(r'instance="(\d)"', left)
    given = {
        "job": f"fada/hub-fada-{part}", "namespace": "fada", "container": part, "endpoint": "metrics",
        "pod": f"hub-fada-{part}-{pod[1] if pod else 1}",
    }  # fmt: skip
    return (
        f"{name}{{"
        + ",".join([*filter(None, [left]), *(f'{k}="{v}"' for k, v in given.items())])
        + "}"
    )


def test_every_alert_is_tested_loud_and_quiet() -> None:
    rules = yaml.safe_load((CHART / "files" / "alerts.yml").read_text())
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    cases = [
        case
        for test in yaml.safe_load(TESTED.read_text())["tests"]
        for case in test["alert_rule_test"]
    ]
    assert {case["alertname"] for case in cases if case.get("exp_alerts")} == alerts
    assert {case["alertname"] for case in cases if not case.get("exp_alerts")} == alerts


def test_the_dashboard_is_grafanas_and_the_same(chart: Chart) -> None:
    (kept,) = [
        one for one in manifests(chart, ALL) if one["metadata"]["name"] == "hub-fada-dashboard"
    ]
    assert kept["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(kept["data"]["fada.json"])["title"] == "FADA hub"


def test_prometheus_asks_the_ports_that_the_programs_open(composed: dict[str, Any]) -> None:
    jobs = yaml.safe_load((ROOT / "docker/prometheus/prometheus.yml").read_text())["scrape_configs"]
    ports = {job["dns_sd_configs"][0]["names"][0]: job["dns_sd_configs"][0]["port"] for job in jobs}
    services = composed["services"]
    assert str(ports["worker"]) == services["worker"]["environment"]["FADA_METRICS_PORT"]
    assert str(ports["sweeper"]) == services["sweeper"]["environment"]["FADA_SWEEPER_METRICS_PORT"]
    assert ports["gateway"] == Settings.model_fields["port"].default
    names = {name for job in jobs for name in job["dns_sd_configs"][0]["names"]}
    assert names <= set(services)
