"""The private names of other libraries that `labkart._compat` uses are there."""

from omegaconf import Container, OmegaConf, _utils
from omegaconf.nodes import IntegerNode, ValueNode


def test_omegaconf_keeps_the_nodes_of_a_container() -> None:
    assert list(vars(OmegaConf.create({"a": "${b}"}))["_content"]) == ["a"]
    assert len(vars(OmegaConf.create(["${b}"]))["_content"]) == 1


def test_omegaconf_asks_a_resolver_in_a_method_of_the_container() -> None:
    assert callable(Container._evaluate_custom_resolver)


def test_omegaconf_has_a_dumper_for_yaml() -> None:
    assert callable(_utils.get_omega_conf_dumper)


def test_omegaconf_has_a_loader_for_yaml() -> None:
    assert callable(_utils.get_yaml_loader)


def test_omegaconf_takes_the_value_of_a_node_in_a_method_and_copies_it_in_another() -> None:
    assert callable(ValueNode._value)
    assert callable(IntegerNode.__deepcopy__)
