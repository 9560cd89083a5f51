"""What every answer is: frozen, complete, and free of numbers that are none."""

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """A frozen answer; unknown numbers are null with a reason, never NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
