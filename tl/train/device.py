"""Which device trains."""

import torch


def choose_device() -> torch.device:
    """The first CUDA GPU, else Apple's, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def gpu_identity(device: torch.device) -> dict:
    """How NVML can find the GPU that torch uses (arguments of ResourceMonitor); without a GPU nothing to find."""
    if device.type != "cuda":
        return {"gpu": False}
    properties = torch.cuda.get_device_properties(device)
    return {"gpu": True, "uuid": str(properties.uuid), "index": torch.cuda.current_device()}


def device_name(device: torch.device) -> str:
    """What a person calls the device."""
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    return f"CPU, {torch.get_num_threads()} threads" if device.type == "cpu" else "Apple GPU"
