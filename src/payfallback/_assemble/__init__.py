"""From `Settings` to what a client runs on: providers built, their capabilities filled in, and routes proven safe."""

from payfallback._assemble.channels import longest_order_id
from payfallback._assemble.whole import Assembled, Draft, assemble, draft_of

__all__ = ["Assembled", "Draft", "assemble", "draft_of", "longest_order_id"]
