"""Seconds and Wait: spans of time as numbers, which every section writes alike."""

from typing import Annotated

from pydantic import Field

type Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
type Wait = Annotated[float, Field(gt=0, le=3_600, allow_inf_nan=False)]
