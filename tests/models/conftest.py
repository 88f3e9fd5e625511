"""Networks in tests."""

from __future__ import annotations

import torch

# The networks are small, and threads that wait for each other are slow where other processes work.
torch.set_num_threads(1)
