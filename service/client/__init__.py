"""A typed client of the service, sync and async: posts studies, waits for them, and tries again when it is busy."""

from service.client.answers import ClientError, ServiceBusy, ServiceRefused
from service.client.asynchronous import AsyncEchoScribeClient
from service.client.requests import ReportOptions
from service.client.synchronous import EchoScribeClient

__all__ = ["AsyncEchoScribeClient", "ClientError", "EchoScribeClient", "ReportOptions", "ServiceBusy", "ServiceRefused"]
