"""The private names of other libraries that `labkart._compat` uses are there."""

from omegaconf import Container, OmegaConf, _utils


def test_omegaconf_keeps_the_nodes_of_a_container() -> None:
    assert list(vars(OmegaConf.create({"a": "${b}"}))["_content"]) == ["a"]
    assert len(vars(OmegaConf.create(["${b}"]))["_content"]) == 1


def test_omegaconf_asks_a_resolver_in_a_method_of_the_container() -> None:
    assert callable(Container._evaluate_custom_resolver)


def test_omegaconf_has_a_dumper_for_yaml() -> None:
    assert callable(_utils.get_omega_conf_dumper)
