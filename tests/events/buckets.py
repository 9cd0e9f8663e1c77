"""A pretend S3 in a process of its own, moto's server, in an environment of its own: it and the connector need not
agree.
"""

from __future__ import annotations

import os
import re
import subprocess
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import botocore.session
import requests
from airbyte.tools import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIREMENTS = Path(__file__).resolve().parent / "requirements-moto.txt"


@contextmanager
def moto() -> Iterator[str]:
    """The server; tells its address."""
    command = environment(".venv-moto", REQUIREMENTS) / "moto_server"
    with subprocess.Popen([command, "-H", "127.0.0.1", "-p", "0"], stderr=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stderr or ():
                if found := re.search(r"http://[\d.:]+", line):
                    break
            assert found, "moto's server did not start"
            process.stderr.close()  # type: ignore[union-attr] # it logs each call, and nobody reads on
            yield found[0]
        finally:
            process.kill()


class Bucket:
    """A bucket, and who may do what with it.

    Args:
        url: The server.

    Attributes:
        name: Of the bucket; a new one each time.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.name = f"events-{uuid.uuid4().hex}"
        self._s3 = self._client("s3")
        self._s3.create_bucket(Bucket=self.name)

    def _client(self, service: str) -> Any:
        session = botocore.session.Session()
        session.set_credentials("testing", "testing")
        return session.create_client(service, region_name="us-east-1", endpoint_url=self._url)

    @property
    def environment(self) -> dict[str, str]:
        """What a tap of the bucket's owner finds in its environment."""
        keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        return {**keys, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": self._url}

    def put(self, key: str, content: bytes) -> None:
        """Write an object, also over one that is there."""
        self._s3.put_object(Bucket=self.name, Key=key, Body=content)

    def remove(self, key: str) -> None:
        """Take an object away."""
        self._s3.delete_object(Bucket=self.name, Key=key)

    def times(self) -> list[Any]:
        """When its objects were written."""
        return [one["LastModified"] for one in self._s3.list_objects_v2(Bucket=self.name)["Contents"]]

    @contextmanager
    def guarded(self, *allowed: str) -> Iterator[dict[str, str]]:
        """Have rights checked meanwhile; tells the environment of someone who is allowed so much."""
        iam = self._client("iam")
        name = f"reader-{uuid.uuid4().hex}"
        iam.create_user(UserName=name)
        if allowed:
            listed = ", ".join(f'"{action}"' for action in allowed)
            rights = f'{{"Effect": "Allow", "Action": [{listed}], "Resource": "*"}}'
            document = f'{{"Version": "2012-10-17", "Statement": [{rights}]}}'
            iam.put_user_policy(UserName=name, PolicyName="reading", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        self._check_rights_after("0")
        try:
            mine = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
            yield {**self.environment, **mine}
        finally:
            self._check_rights_after("inf")

    def _check_rights_after(self, calls: str) -> None:
        requests.post(f"{self._url}/moto-api/reset-auth", data=calls, timeout=30).raise_for_status()


@contextmanager
def bucket_of(url: str) -> Iterator[Bucket]:
    """A new bucket, and this process its owner."""
    bucket = Bucket(url)
    with mock.patch.dict(os.environ, bucket.environment):
        yield bucket
