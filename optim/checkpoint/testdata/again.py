"""again.py FROM TO: reads a safetensors file and writes it again, as Python does.

Prints a line for each tensor: name, dtype, shape, and the sum of its elements where numpy
has them.
"""
import sys

import numpy
import safetensors

source, target = sys.argv[1:]
with safetensors.safe_open(source, framework="np") as file:
    metadata = file.metadata()
    sums = {}
    for name in file.keys():
        try:
            sums[name] = repr(float(file.get_tensor(name).astype(numpy.float64).sum()))
        except (TypeError, AttributeError, KeyError):
            sums[name] = "-"  # numpy has no bfloat16
with open(source, "rb") as file:
    tensors = safetensors.deserialize(file.read())
specs, keep = {}, []
for name, tensor in reversed(tensors):
    data = numpy.frombuffer(bytes(tensor["data"]), dtype=numpy.uint8).copy()
    keep.append(data)
    dtype = {"F32": "float32", "F64": "float64", "F16": "float16", "BF16": "bfloat16", "U16": "uint16"}[tensor["dtype"]]
    if hasattr(safetensors, "TensorSpec"):
        specs[name] = safetensors.TensorSpec(dtype=dtype, shape=tensor["shape"], data_ptr=data.ctypes.data, data_len=data.nbytes)
    else:  # before 0.8
        specs[name] = {"dtype": dtype, "shape": tensor["shape"], "data": data.tobytes()}
    print(name, tensor["dtype"], ",".join(map(str, tensor["shape"])), sums[name], sep="\t")
safetensors.serialize_file(specs, target, metadata=metadata)
