"""Configuration: the only place that reads files or os.environ; enter by load_config(RootConfig)."""

from fastapi_chassis.config.adopted import adopt_config
from fastapi_chassis.config.base import ConfigModel, PluginConfig
from fastapi_chassis.config.dependency import Binding, DependencyConfig, ScopeEnum
from fastapi_chassis.config.display import Setting, describe
from fastapi_chassis.config.durations import Seconds, Wait
from fastapi_chassis.config.entry import load_config
from fastapi_chassis.config.environment import EnvironmentEnum
from fastapi_chassis.config.failures import ConfigurationError, as_json, render_report
from fastapi_chassis.config.loaded import LoadedConfig
from fastapi_chassis.config.masking import masked, masked_text
from fastapi_chassis.config.origins import Layer, Origin
from fastapi_chassis.config.production import ProductionRule, ProductionSecret
from fastapi_chassis.config.rate_limits import LimitBy, RateLimitRule, check_rate, read_rate
from fastapi_chassis.config.root import (
    ApiConfig,
    CorsConfig,
    LoggingConfig,
    ModuleConfig,
    RootConfig,
    ServerConfig,
    ServiceConfig,
)
from fastapi_chassis.config.schema import config_schema
from fastapi_chassis.config.secret_types import SecretUrl
from fastapi_chassis.config.sources import ConfigSources, PluginProvider
from fastapi_chassis.config.tls import TlsConfig, TlsVerified

__all__ = (
    "ApiConfig",
    "Binding",
    "ConfigModel",
    "ConfigSources",
    "ConfigurationError",
    "CorsConfig",
    "DependencyConfig",
    "EnvironmentEnum",
    "Layer",
    "LimitBy",
    "LoadedConfig",
    "LoggingConfig",
    "ModuleConfig",
    "Origin",
    "PluginConfig",
    "PluginProvider",
    "ProductionRule",
    "ProductionSecret",
    "RateLimitRule",
    "RootConfig",
    "ScopeEnum",
    "Seconds",
    "SecretUrl",
    "ServerConfig",
    "ServiceConfig",
    "Setting",
    "TlsConfig",
    "TlsVerified",
    "Wait",
    "adopt_config",
    "as_json",
    "check_rate",
    "config_schema",
    "describe",
    "load_config",
    "masked",
    "masked_text",
    "read_rate",
    "render_report",
)
