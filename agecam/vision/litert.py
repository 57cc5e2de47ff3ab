"""The one wrapper of LiteRT's interpreter, for live use, training and benchmarks."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from agecam.errors import ModelError
from agecam.vision.silence import silenced_stderr
from agecam.vision.stage_clock import NetworkUsage

Floats = NDArray[np.float32]
Result = TypeVar("Result")

_PATIENCE_S: Final = 1.0
_IN_USE: Final = "reference to internal data"
"""What LiteRT says where somebody holds an array that is its memory."""


class LiteRtModel:
    """One network with one input, whose batch dimension follows the number of images.

    ``content`` is a whole ``.tflite`` file. ``input_shape`` (such as ``(128, 128, 1)``) and ``output_shapes``
    (such as ``((101,),)``), in the order of the file, leave the batch dimension out. Not thread-safe: one
    model per thread. A run holds no Python lock: models in several threads run at the same time.

    Resizing costs 0.1 ms and the weights stay where they are, so one interpreter serves all sizes without
    padding (measured with LiteRT 2.3 on a residual network of 2.8 million weights).

    Raises :class:`ModelError` when the content is not a model that can be run.
    """

    def __init__(self, content: bytes, *, threads: int = 1) -> None:
        # Imported here: `agecam --help` and the Keras runtime do without it.
        from ai_edge_litert.interpreter import Interpreter

        self._batch = 0
        self.usage = NetworkUsage()
        """Of all runs so far; who prepares input for :meth:`run` adds the time for that."""
        try:
            with silenced_stderr():
                self._interpreter: Any = Interpreter(model_content=content, num_threads=threads)
                entry = self._interpreter.get_input_details()[0]
                self._input: int = entry["index"]
                self._outputs: tuple[int, ...] = tuple(
                    output["index"] for output in self._interpreter.get_output_details()
                )
                self._input_view = self._interpreter.tensor(self._input)
                self._output_views = tuple(map(self._interpreter.tensor, self._outputs))
                self.input_shape: tuple[int, ...] = tuple(int(size) for size in entry["shape"][1:])
                # Shapes of outputs are known once it has run; the first real run is as fast as the others.
                blank = np.zeros((1, *self.input_shape), np.float32)
                self.output_shapes: tuple[tuple[int, ...], ...] = tuple(
                    output.shape[1:] for output in self._invoke(blank)
                )
        except (RuntimeError, ValueError) as error:
            raise ModelError("This is not a LiteRT model that can be run.") from error

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of the first output, without the batch dimension."""
        return self.output_shapes[0]

    def run(self, model_input: Floats) -> Floats:
        """The first output alone; see :meth:`run_all`."""
        return self.run_all(model_input)[0]

    def run_all(self, model_input: Floats) -> tuple[Floats, ...]:
        """Outputs, each ``(n, *shape)`` float32, for ``(n, *input_shape)`` float32; ``n`` may be 0.

        Raises :class:`ModelError` for input of another shape.
        """
        if model_input.shape[1:] != self.input_shape:
            raise ModelError(
                f"The model takes input of shape {self.input_shape}, not {model_input.shape[1:]}."
            )
        if not len(model_input):
            return tuple(np.empty((0, *shape), np.float32) for shape in self.output_shapes)
        started_s = time.thread_time()
        outputs = self._invoke(model_input)
        self.usage.inference_ms += 1000 * (time.thread_time() - started_s)
        self.usage.runs += 1
        self.usage.images += len(model_input)
        return outputs

    def run_in_place(
        self, write_input: Callable[[Floats], None], read_outputs: Callable[[tuple[Floats, ...]], Result]
    ) -> Result:
        """One image, without a copy of input and outputs; what ``read_outputs`` makes of these.

        ``write_input`` sets all of an array of ``input_shape``, ``read_outputs`` gets one of each of the
        ``output_shapes``: LiteRT's own memory, not to be used any more when they return.
        """
        started_s = time.thread_time()
        self._resize(1)
        try:
            write_input(self._input_view()[0])
            written_s = time.thread_time()
            self._run_when_free()
            run_s = time.thread_time()
            result = read_outputs(tuple(view()[0] for view in self._output_views))
        except BaseException as error:
            # LiteRT refuses to run while its memory is in use, as by the frames of an error that is kept.
            traceback.clear_frames(error.__traceback__)
            raise
        self.usage.postprocessing_ms += 1000 * (time.thread_time() - run_s)
        self.usage.inference_ms += 1000 * (run_s - written_s)
        self.usage.preprocessing_ms += 1000 * (written_s - started_s)
        self.usage.runs += 1
        self.usage.images += 1
        return result

    def _invoke(self, model_input: Floats) -> tuple[Floats, ...]:
        self._resize(len(model_input))
        self._interpreter.set_tensor(self._input, model_input)
        self._run_when_free()
        return tuple(
            np.asarray(self._interpreter.get_tensor(output), dtype=np.float32) for output in self._outputs
        )

    def _run_when_free(self) -> None:
        """Run it once nobody else holds LiteRT's memory, without which it refuses to.

        A profiler that samples the frames of all threads, as each Dask worker has one, does for a moment.
        """
        until_s = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self._interpreter.invoke()
            except RuntimeError as error:
                if _IN_USE not in str(error) or time.monotonic() > until_s:
                    raise
                time.sleep(0.001)
            else:
                return

    def _resize(self, batch: int) -> None:
        if batch != self._batch:
            self._batch = 0  # where memory runs out, it has to be done again
            self._interpreter.resize_tensor_input(self._input, (batch, *self.input_shape))
            self._interpreter.allocate_tensors()
            self._batch = batch
