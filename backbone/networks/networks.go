// Package networks knows every kind of network: it is imported for its effect by whatever opens models. A new kind adds its line here.
package networks

import (
	_ "github.com/dvml/dvml/backbone/googlenet" // the default
	_ "github.com/dvml/dvml/backbone/onnx"      // whatever an ONNX model describes
)
