package server

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"
)

// embed takes photographs through decoder, queue and network.
func (s *Server) embed(c *call, m *loaded, images []upload) ([][]float32, error) {
	ctx := c.r.Context()
	permit, err := m.queue.Reserve(len(images))
	if err != nil {
		return nil, err
	}
	defer permit.Release()
	began := time.Now()
	pixels, failed := make([][]byte, len(images)), make([]error, len(images))
	var decoding sync.WaitGroup
	for i := range images {
		select {
		case s.decoders <- struct{}{}:
		case <-ctx.Done():
			decoding.Wait()
			return nil, ctx.Err()
		}
		decoding.Go(func() {
			defer func() { <-s.decoders }()
			one := time.Now()
			pixels[i], failed[i] = s.decode(m, images[i], nameOf(i, len(images)))
			s.metrics.decode.Observe(time.Since(one).Seconds())
		})
	}
	decoding.Wait()
	c.spent("decode", time.Since(began))
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	rows, t, err := permit.Embed(ctx, pixels)
	c.spent("queue", t.Waited)
	c.spent("embed", t.Took)
	return rows, err
}

// admits refuses a request before its body is read, where the queue is full.
func (s *Server) admits() error {
	if m := s.model.Load(); m != nil {
		return m.queue.Full()
	}
	return nil
}

type embedded struct {
	Model      string      `json:"model"`
	Dim        int         `json:"dim"`
	Embeddings [][]float32 `json:"embeddings"`
}

func (s *Server) postEmbed(c *call) error {
	m, err := s.embeds(nil)
	if err != nil {
		return err
	}
	if err := s.admits(); err != nil {
		return err
	}
	f, done, err := s.form(c)
	if err != nil {
		return err
	}
	defer done()
	if len(f.images) == 0 {
		return invalid("there is no photograph in the request")
	}
	c.spent("read", time.Since(c.began))
	rows, err := s.embed(c, m, f.images)
	if err != nil {
		return err
	}
	if strings.Contains(c.r.Header.Get("Accept"), "application/octet-stream") {
		c.w.Header().Set("X-Dvml-Rows", fmt.Sprint(len(rows)))
		c.w.Header().Set("X-Dvml-Dim", fmt.Sprint(m.made.Dim))
		var raw []byte
		for _, row := range rows {
			raw = append(raw, floats(row)...)
		}
		return c.raw("application/octet-stream", raw)
	}
	return c.json(http.StatusOK, embedded{m.name(), m.made.Dim, rows})
}

// floats is a row as bytes: float32, little endian.
func floats(row []float32) []byte {
	raw := make([]byte, 0, 4*len(row))
	for _, v := range row {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return raw
}

// openAI is a request as OpenAI's clients send it; what concerns text alone is taken and ignored.
type openAI struct {
	Input          json.RawMessage `json:"input"`
	Model          string          `json:"model"`
	EncodingFormat string          `json:"encoding_format"`
	Dimensions     *int            `json:"dimensions"`
	User           string          `json:"user"`
}

type openAIAnswer struct {
	Object string       `json:"object"`
	Data   []openAIData `json:"data"`
	Model  string       `json:"model"`
	Usage  struct {
		PromptTokens int `json:"prompt_tokens"`
		TotalTokens  int `json:"total_tokens"`
	} `json:"usage"`
}

type openAIData struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"` // numbers, or their bytes in base64
}

func (s *Server) postEmbeddings(c *call) error {
	m, err := s.embeds(nil)
	if err != nil {
		return err
	}
	if err := s.admits(); err != nil {
		return err
	}
	text, err := s.jsonBody(c, requestImages*s.o.MaxBytes)
	if err != nil {
		return err
	}
	var q openAI
	if err := json.Unmarshal(text, &q); err != nil { // fields that others invented pass
		return invalid("not the JSON that is expected here: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	images, err := s.dataURLs(q.Input)
	if err != nil {
		return err
	}
	if q.Dimensions != nil && *q.Dimensions != m.made.Dim {
		return invalid("dimensions %d; this model's embeddings have %d", *q.Dimensions, m.made.Dim)
	}
	if q.EncodingFormat != "" && q.EncodingFormat != "float" && q.EncodingFormat != "base64" {
		return invalid("encoding_format %q; expected float or base64", q.EncodingFormat)
	}
	c.spent("read", time.Since(c.began))
	rows, err := s.embed(c, m, images)
	if err != nil {
		return err
	}
	a := openAIAnswer{Object: "list", Model: m.name()}
	for i, row := range rows {
		d := openAIData{Object: "embedding", Index: i, Embedding: row}
		if q.EncodingFormat == "base64" {
			d.Embedding = base64.StdEncoding.EncodeToString(floats(row))
		}
		a.Data = append(a.Data, d)
	}
	return c.json(http.StatusOK, a)
}

// dataURLs reads one data URL or a list of them.
func (s *Server) dataURLs(input json.RawMessage) ([]upload, error) {
	var all []string
	var one string
	if json.Unmarshal(input, &one) == nil {
		all = []string{one}
	} else if json.Unmarshal(input, &all) != nil {
		return nil, invalid("input: expected a photograph as a data URL, or a list of them")
	}
	if len(all) == 0 {
		return nil, invalid("input: expected at least one photograph")
	}
	images := make([]upload, len(all))
	for i, text := range all {
		head, data, ok := strings.Cut(text, ",")
		if !ok || !strings.HasPrefix(head, "data:") || !strings.HasSuffix(head, ";base64") {
			return nil, invalid("input %d: expected data:image/jpeg;base64,...: this model embeds photographs", i)
		}
		raw, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return nil, invalid("input %d: not base64", i)
		}
		if int64(len(raw)) > s.o.MaxBytes {
			return nil, refused(http.StatusRequestEntityTooLarge, "bytes", "input %d has %d bytes; expected at most %d", i, len(raw), s.o.MaxBytes)
		}
		images[i].data = raw
	}
	return images, nil
}
