package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/export"
	"github.com/dvml/dvml/internal/atomicfile"
)

type exportCmd struct {
	Checkpoint string `arg:"" help:"A state of a run, the folder of a run, or weights of a network alone."`
	Out        string `arg:"" help:"The file to write: .onnx (the whole model, from the bytes of a photograph to its embedding)."`
	Heads      bool   `help:"Give the mean and the log variance of z_V too."`
	Precision  string `default:"float32" enum:"float32,float16" help:"How weights are stored: float32, or float16 (half the file; what it costs is measured and printed)."`
	Force      bool   `help:"Overwrite OUT."`
}

// Run exports.
func (c *exportCmd) Run(ctx context.Context) error {
	if strings.ToLower(filepath.Ext(c.Out)) != ".onnx" {
		return fmt.Errorf("%s: expected a name that ends in .onnx", c.Out)
	}
	if _, err := os.Stat(c.Out); err == nil && !c.Force {
		return fmt.Errorf("%s already exists; use --force to overwrite", c.Out)
	}
	m, err := dvml.Open(c.Checkpoint)
	if err != nil {
		return err
	}
	defer m.Close()
	return c.onnx(ctx, m)
}

func (c *exportCmd) onnx(ctx context.Context, m *dvml.Model) error {
	o := export.Options{Heads: c.Heads, Half: c.Precision == "float16"}
	made, err := export.ONNX(m, o)
	if err != nil {
		return err
	}
	message := made.Marshal()
	if len(message) > 1<<31-1 {
		return fmt.Errorf("the model takes %d MB, and a file of ONNX holds 2 GB: use --precision float16", len(message)>>20)
	}
	if err := atomicfile.Write(c.Out, func(w io.Writer) error {
		_, err := w.Write(message)
		return err
	}); err != nil {
		return err
	}
	var outputs []string
	for _, v := range made.Graph.Outputs {
		outputs = append(outputs, fmt.Sprintf("%s [N,%d]", v.Name, m.Dim()))
	}
	fmt.Printf("%s: %.1f MB, opset %d\n", c.Out, float64(len(message))/1e6, made.Opsets[""])
	fmt.Printf("input    %s [N,height,width,3] uint8: RGB, upright, of any size\n", export.Images)
	fmt.Printf("outputs  %s\n", strings.Join(outputs, ", "))
	if !o.Half {
		return nil
	}
	d, err := export.HalfError(ctx, m)
	if err != nil {
		return err
	}
	fmt.Printf("float16  moves embeddings of length 1 by %.1e at most (16 drawn pictures)\n", d)
	return nil
}
