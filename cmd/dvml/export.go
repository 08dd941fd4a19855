package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/export"
	"github.com/dvml/dvml/internal/atomicfile"
	"github.com/dvml/dvml/weights"
)

type exportCmd struct {
	Checkpoint string `arg:"" name:"model" help:"A state of a run, the folder of a run, or weights of a network alone."`
	Out        string `arg:"" help:"The file to write: .onnx (the whole model, from the bytes of a photograph to its embedding) or .safetensors (GoogLeNet's weights under their published names)." output:".onnx .safetensors"`
	Heads      bool   `help:"Give the mean and the log variance of z_V too (.onnx)."`
	Precision  string `default:"float32" enum:"float32,float16" help:"How weights are stored: float32, or float16 (half the file; what it costs is measured and printed; .onnx)."`
	Card       bool   `help:"Write README.md, a model card, beside OUT: what it is, what it was trained on, how good it is, how to use it."`
	Force      bool   `help:"Overwrite OUT, and README.md."`
}

// Run exports.
func (c *exportCmd) Run(ctx context.Context) error {
	ending := strings.ToLower(filepath.Ext(c.Out))
	if ending == ".safetensors" && (c.Heads || c.Precision != "float32") {
		return errors.New("--heads and --precision are for .onnx files")
	}
	card := filepath.Join(filepath.Dir(c.Out), "README.md")
	for _, path := range []string{c.Out, card} {
		if _, err := os.Stat(path); err == nil && !c.Force && (path == c.Out || c.Card) {
			return fmt.Errorf("%s already exists; use --force to overwrite", path)
		}
	}
	m, err := openModel(c.Checkpoint)
	if err != nil {
		return err
	}
	defer m.Close()
	if ending == ".onnx" {
		err = c.onnx(ctx, m)
	} else {
		err = c.safetensors(m)
	}
	if err != nil || !c.Card {
		return err
	}
	text, err := export.Card(m, c.Out)
	if err != nil {
		return err
	}
	printf("card     %s\n", card)
	return write(card, []byte(text))
}

// write makes a file whole or not at all.
func write(path string, content []byte) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

func (c *exportCmd) safetensors(m *dvml.Model) error {
	f, err := export.Safetensors(m)
	if err != nil {
		return err
	}
	if err := weights.WriteSafetensors(c.Out, f); err != nil {
		return err
	}
	printf("%s: %d tensors\n", c.Out, len(f.Tensors))
	return nil
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
	if err := write(c.Out, message); err != nil {
		return err
	}
	var outputs []string
	for _, v := range made.Graph.Outputs {
		outputs = append(outputs, fmt.Sprintf("%s [N,%d]", v.Name, m.Dim()))
	}
	printf("%s: %.1f MB, opset %d\n", c.Out, float64(len(message))/1e6, made.Opsets[""])
	printf("input    %s [N,height,width,3] uint8: RGB, upright, of any size\n", export.Images)
	printf("outputs  %s\n", strings.Join(outputs, ", "))
	if !o.Half {
		return nil
	}
	d, err := export.HalfError(ctx, m)
	if err != nil {
		return err
	}
	printf("float16  moves embeddings of length 1 by %.1e at most (16 drawn pictures)\n", d)
	return nil
}
