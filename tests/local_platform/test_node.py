import os
import signal
import subprocess

from local import node


def test_a_process_is_recognised_only_with_the_time_it_started():
    process = subprocess.Popen(["sleep", "60"])
    try:
        record = [process.pid, node._started(process.pid)]
        assert node._alive(record)
        assert not node._alive([process.pid, record[1] + 1]), "the id may have been given to another process"
    finally:
        process.kill()
        process.wait()
    assert not node._alive(record)


def test_a_process_that_has_ended_and_is_not_reaped_yet_is_not_alive():
    process = subprocess.Popen(["sleep", "60"])
    record = [process.pid, node._started(process.pid)]

    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    assert not node._alive(record)
    process.wait()


def test_a_command_inside_an_isolated_node_enters_its_namespaces():
    isolated = node.Node(init=42, address="192.0.2.2")
    assert isolated.inside("true")[:2] == ["nsenter", "--target=42"]
    assert "--net" in isolated.inside("true")


def test_a_command_of_a_node_without_namespaces_runs_as_it_is():
    assert node.Node(init=0, address="127.0.0.1").inside("true") == ["true"]
