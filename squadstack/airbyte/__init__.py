"""The Airbyte face: the tap as a source, the target as a destination, on the standard library and the Singer SDK.

Messages are plain dicts (https://docs.airbyte.com/platform/understanding-airbyte/airbyte-protocol).
"""
