package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/server/batch"
)

// upload is a photograph that came with a request.
type upload struct {
	data []byte
	crop *crop // nil: all of it
}

func (u upload) hash() index.Hash { return sha256.Sum256(u.data) }

// crop is a part of a photograph, as fractions of its width and height.
type crop struct{ x, y, w, h float64 }

func parseCrop(text string) (*crop, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var v [4]float64
	parts := strings.Split(text, ",")
	for i, p := range parts {
		n, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || len(parts) != 4 || !(n >= 0 && n <= 1) {
			return nil, invalid("crop %q; expected x,y,w,h, each from 0 to 1", text)
		}
		v[i] = n
	}
	const rounding = 1e-6
	if v[2] == 0 || v[3] == 0 || v[0]+v[2] > 1+rounding || v[1]+v[3] > 1+rounding {
		return nil, invalid("crop %q does not lie in the photograph", text)
	}
	return &crop{v[0], v[1], v[2], v[3]}, nil
}

// in is the crop in pixels, one at least.
func (c crop) in(r image.Rectangle) image.Rectangle {
	w, h := float64(r.Dx()), float64(r.Dy())
	part := image.Rect(int(c.x*w), int(c.y*h), int((c.x+c.w)*w+.5), int((c.y+c.h)*h+.5)).Add(r.Min)
	part.Max.X, part.Max.Y = max(part.Max.X, part.Min.X+1), max(part.Max.Y, part.Min.Y+1)
	return part.Intersect(r)
}

// body reads a request's body within all bounds. Its bytes count against those of all requests until done is called.
func (s *Server) body(c *call, most int64) (_ io.Reader, done func(), err error) {
	if c.r.ContentLength > most {
		return nil, nil, refused(http.StatusRequestEntityTooLarge, "bytes", "the request has %d bytes; expected at most %d", c.r.ContentLength, most)
	}
	b := &budgeted{r: http.MaxBytesReader(c.w, c.r.Body, most), s: s}
	return b, func() { s.reading.Add(-b.n) }, nil
}

// budgeted counts what is read against the bound on all requests.
type budgeted struct {
	r io.Reader
	s *Server
	n int64
}

func (b *budgeted) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	if b.s.reading.Add(int64(n)) > b.s.o.Uploads {
		return n, &problem{http.StatusTooManyRequests, "too much is being uploaded at once", "uploads", 1e9}
	}
	return n, err
}

// uploadError is what went wrong while a body was read.
func uploadError(err error) error {
	var p *problem
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &p), errors.As(err, &large):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refused(http.StatusRequestTimeout, "slow", "the request took too long to arrive")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return invalid("the request is cut short")
	}
	return invalid("the request could not be read: %s", strings.TrimPrefix(err.Error(), "multipart: "))
}

// jsonBody reads a body that has to be JSON.
func (s *Server) jsonBody(c *call, most int64) ([]byte, error) {
	if t, _ := kind(c.r); t != "application/json" {
		return nil, refused(http.StatusUnsupportedMediaType, "type", "content type %q; expected application/json", c.r.Header.Get("Content-Type"))
	}
	body, done, err := s.body(c, most)
	if err != nil {
		return nil, err
	}
	defer done()
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, uploadError(err)
	}
	return text, nil
}

// decodeJSON reads a small body of JSON.
func (s *Server) decodeJSON(c *call, to any) error {
	text, err := s.jsonBody(c, maxQuery)
	if err != nil {
		return err
	}
	return unmarshal(text, to)
}

func unmarshal(text []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if err == nil && d.More() {
		err = errors.New("something follows the value")
	}
	if err != nil {
		return invalid("not the JSON that is expected here: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// kind is the media type of a request's body.
func kind(r *http.Request) (string, map[string]string) {
	t, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return "", nil
	}
	return t, parameters
}

// form is what came with a request.
type form struct {
	images []upload
	query  string // JSON, where a part of that name came
}

// requestImages is how many photographs' bytes a request may have in all.
const requestImages = 8

// maxQuery bounds the JSON beside photographs.
const maxQuery = 8 << 20

// form reads photographs: one that is the body, or those of multipart/form-data. done gives their room back.
func (s *Server) form(c *call) (f *form, done func(), err error) {
	t, parameters := kind(c.r)
	switch {
	case t == "multipart/form-data" && parameters["boundary"] != "":
		return s.parts(c, parameters["boundary"])
	case strings.HasPrefix(t, "image/"), t == "application/octet-stream":
	default:
		return nil, nil, refused(http.StatusUnsupportedMediaType, "type", "content type %q; expected image/*, application/octet-stream or multipart/form-data",
			c.r.Header.Get("Content-Type"))
	}
	body, done, err := s.body(c, s.o.MaxBytes)
	if err != nil {
		return nil, nil, err
	}
	var u upload
	if u.data, err = readSized(body, c.r.ContentLength); err != nil {
		done()
		return nil, nil, uploadError(err)
	}
	if u.crop, err = parseCrop(c.r.URL.Query().Get("crop")); err != nil {
		done()
		return nil, nil, err
	}
	return &form{images: []upload{u}}, done, nil
}

// readSized is io.ReadAll of a body whose length may be known; what it promises is not believed beyond a megabyte.
func readSized(r io.Reader, length int64) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, min(max(length, 0)+bytes.MinRead, 1<<20)))
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

// parts reads multipart/form-data: parts named image (or with a file's name), crop and query.
func (s *Server) parts(c *call, boundary string) (*form, func(), error) {
	body, done, err := s.body(c, requestImages*s.o.MaxBytes)
	if err != nil {
		return nil, nil, err
	}
	f, err := s.readParts(multipart.NewReader(body, boundary))
	if err != nil {
		done()
		return nil, nil, err
	}
	return f, done, nil
}

func (s *Server) readParts(parts *multipart.Reader) (*form, error) {
	f := &form{}
	var crops []*crop
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, uploadError(err)
		}
		name, most := part.FormName(), int64(maxQuery)
		if name == "image" || part.FileName() != "" {
			name, most = "image", s.o.MaxBytes
			if len(f.images) >= s.o.Batch.Capacity {
				return nil, refused(http.StatusRequestEntityTooLarge, "images", "more than %d images in a request", s.o.Batch.Capacity)
			}
		}
		data, err := io.ReadAll(io.LimitReader(part, most+1))
		switch {
		case err != nil:
			return nil, uploadError(err)
		case int64(len(data)) > most:
			return nil, refused(http.StatusRequestEntityTooLarge, "bytes", "part %q has more than %d bytes", name, most)
		case name == "image":
			f.images = append(f.images, upload{data: data})
		case name == "query":
			f.query = string(data)
		case name == "crop":
			one, err := parseCrop(string(data))
			if err != nil {
				return nil, err
			}
			crops = append(crops, one)
		default:
			return nil, invalid("part %q; expected image, crop or query", name)
		}
	}
	if len(crops) > len(f.images) {
		return nil, invalid("%d crops of %d images", len(crops), len(f.images))
	}
	for i, one := range crops {
		f.images[i].crop = one
	}
	return f, nil
}

// decode prepares a photograph for the network; not more than a few at a time.
func (s *Server) decode(m *loaded, u upload, name string) (_ []byte, err error) {
	defer func() { // decoders run beside the request's own goroutine, which alone net/http looks after
		if v := recover(); v != nil {
			err = &batch.PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	w, h, err := imageset.Size(u.data)
	if err == nil && (w > s.o.MaxPixels || h > s.o.MaxPixels/w) {
		return nil, refused(http.StatusRequestEntityTooLarge, "pixels", "%s has %d x %d pixels; expected at most %d in all", name, w, h, s.o.MaxPixels)
	}
	var pixels []byte
	switch {
	case err != nil:
	case u.crop == nil:
		pixels, err = m.Prepare(u.data)
	default:
		var whole *image.RGBA
		if whole, err = imageset.DecodeWhole(u.data); err == nil {
			pixels, err = m.PrepareImage(whole.SubImage(u.crop.in(whole.Rect)))
		}
	}
	switch {
	case errors.Is(err, imageset.ErrTooLarge):
		return nil, refused(http.StatusRequestEntityTooLarge, "pixels", "%s: %v", name, err)
	case err != nil:
		return nil, bad(http.StatusUnprocessableEntity, "%s: %s", name, strings.TrimPrefix(err.Error(), "decode: "))
	}
	return pixels, nil
}

// nameOf is what messages call the i-th photograph of a request.
func nameOf(i, n int) string {
	if n == 1 {
		return "the photograph"
	}
	return fmt.Sprintf("image %d", i)
}
