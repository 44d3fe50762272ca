from pathlib import Path

import pytest

from local import template
from local.template import Function, Route

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Handler: app.lambda_handler
    Timeout: 29
    MemorySize: 512
    Environment:
      Variables:
        LEVEL: INFO
        HOST: !Ref Host
        PORT: !Sub "${Port}"
Resources:
  Layer:
    Type: AWS::Serverless::LayerVersion
    Properties:
      ContentUri: layers/billing
  Read:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/read_it/
      Environment:
        Variables:
          LEVEL: DEBUG
      Events:
        Get: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: get, Path: "/v1/things/{thingId}"}}
        Put: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: put, Path: "/v1/things/{thingId}"}}
  Job:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/job/
      Handler: main.run
      Timeout: 900
      MemorySize: 1024
      Environment:
        Variables:
          SAVE: true
          COUNT: 3
          HOST:
            Fn::GetAtt: [Database, Endpoint.Address]
      Events:
        Hourly: {Type: Schedule, Properties: {Schedule: "cron(0 * * * ? *)"}}
"""


@pytest.fixture
def functions(tmp_path: Path) -> dict[str, Function]:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return template.functions(path)


def test_a_function_is_named_for_its_folder(functions: dict[str, Function]) -> None:
    assert set(functions) == {"read_it", "job"}


def test_a_function_takes_what_it_does_not_say_from_the_globals(functions: dict[str, Function]) -> None:
    function = functions["read_it"]

    assert (function.module, function.handler) == ("functions.read_it.app", "lambda_handler")
    assert (function.timeout, function.memory) == (29, 512)


def test_a_functions_own_properties_come_before_the_globals(functions: dict[str, Function]) -> None:
    function = functions["job"]

    assert (function.module, function.handler) == ("functions.job.main", "run")
    assert (function.timeout, function.memory) == (900, 1024)


def test_the_environment_holds_the_literal_values_as_cloudformation_writes_them(functions: dict[str, Function]) -> None:
    assert functions["read_it"].environment == {"LEVEL": "DEBUG"}
    assert functions["job"].environment == {"LEVEL": "INFO", "SAVE": "true", "COUNT": "3"}


def test_routes_come_from_http_events_only(functions: dict[str, Function]) -> None:
    assert functions["read_it"].routes == (Route("GET", "/v1/things/{thingId}"), Route("PUT", "/v1/things/{thingId}"))
    assert functions["job"].routes == ()


def test_every_function_of_the_project_has_a_handler() -> None:
    for function in template.functions().values():
        assert (template.TEMPLATE.parent / f"{function.module.replace('.', '/')}.py").exists()
