package imageset

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"io"
	"regexp"
	"slices"
)

// orientation returns EXIF's orientation (1: upright, to 8) of an encoded image; 1 if it has none or one that makes no sense.
// Where EXIF says nothing of it, the file's XMP is asked.
func orientation(data []byte, format string) int {
	var exif, xmp []byte
	switch format {
	case "jpeg":
		head := scanJPEG(data)
		exif, xmp = head.exif, head.xmp
	case "png":
		exif, xmp = metadata(data, 8, pngChunk)
	case "webp":
		exif, xmp = metadata(data, 12, webpChunk)
	case "tiff":
		exif = data
		if d, err := readDirectory(data, true); err == nil {
			xmp = d.tags[tagXMP].body
		}
	case "avif":
		return avifOrientation(data)
	}
	if o, found := exifOrientation(exif); found {
		return o
	}
	return xmpOrientation(xmp)
}

// exifOrientation looks the tag up in EXIF data, which is a TIFF file. found is false where the tag is not there.
func exifOrientation(data []byte) (orientation int, found bool) {
	d, err := readDirectory(bytes.TrimPrefix(data, []byte("Exif\x00\x00")), true)
	if err != nil {
		return 1, false
	}
	f, found := d.tags[tagOrientation]
	v, ok := d.at(f, 0)
	if !found || !ok || f.kind == 1 || f.kind == 7 || v < 1 || v > 8 { // of several values the first counts
		return 1, found
	}
	return int(v), true
}

var xmpTag = regexp.MustCompile(`tiff:Orientation(?:="|>)([0-9])`)

func xmpOrientation(data []byte) int {
	if m := xmpTag.FindSubmatch(data); m != nil && m[1][0] >= '1' && m[1][0] <= '8' {
		return int(m[1][0] - '0')
	}
	return 1
}

// metadata goes through a file of chunks from at on.
func metadata(data []byte, at int, chunk func([]byte) (name string, body, rest []byte)) (exif, xmp []byte) {
	for rest := data[min(at, len(data)):]; len(rest) >= 8; {
		var name string
		var body []byte
		name, body, rest = chunk(rest)
		switch name {
		case "eXIf", "EXIF":
			exif = body
		case "XMP ":
			xmp = body
		case "iTXt":
			if text, ok := bytes.CutPrefix(body, []byte("XML:com.adobe.xmp\x00")); ok {
				xmp = internationalText(text)
			}
		case "zTXt":
			if profile, ok := bytes.CutPrefix(body, []byte(profileName+"\x00\x00")); ok && exif == nil {
				exif = rawProfile(inflate(profile))
			}
		case "tEXt":
			if profile, ok := bytes.CutPrefix(body, []byte(profileName+"\x00")); ok && exif == nil {
				exif = rawProfile(profile)
			}
		}
	}
	return exif, xmp
}

// inflate unpacks text of a PNG; what is damaged is nothing.
func inflate(compressed []byte) []byte {
	const most = 1 << 20
	z, err := zlib.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(z, most))
	if err != nil {
		return nil
	}
	return text
}

// internationalText reads what follows the keyword of an iTXt: whether it is compressed, and how, a language, the keyword
// translated, the text.
func internationalText(body []byte) []byte {
	if len(body) < 2 {
		return nil
	}
	packed, rest := body[0] != 0, body[2:]
	for range 2 {
		at := bytes.IndexByte(rest, 0)
		if at < 0 {
			return nil
		}
		rest = rest[at+1:]
	}
	if packed {
		return inflate(rest)
	}
	return rest
}

const profileName = "Raw profile type exif"

// rawProfile reads ImageMagick's form of EXIF in a PNG: a name, a length, and hexadecimal digits.
func rawProfile(text []byte) []byte {
	fields := bytes.Fields(text)
	if len(fields) < 3 {
		return nil
	}
	out, err := hex.DecodeString(string(bytes.Join(fields[2:], nil)))
	if err != nil {
		return nil
	}
	return out
}

// cut returns the n bytes of data after the first skip, and what follows them and extra more.
func cut(data []byte, skip, n, extra uint64) (body, rest []byte) {
	data = data[skip:]
	n = min(n, uint64(len(data)))
	return data[:n], data[min(n+extra, uint64(len(data))):]
}

func pngChunk(data []byte) (name string, body, rest []byte) {
	body, rest = cut(data, 8, uint64(binary.BigEndian.Uint32(data)), 4)
	return string(data[4:8]), body, rest
}

func webpChunk(data []byte) (name string, body, rest []byte) {
	n := uint64(binary.LittleEndian.Uint32(data[4:]))
	body, rest = cut(data, 8, n, n%2)
	return string(data[:4]), body, rest
}

// jpegHead is what a JPEG file's segments say before its pixels.
type jpegHead struct {
	exif, xmp   []byte
	progressive bool
	samples     float64 // per pixel, of all components: 3 for 4:4:4, 1.5 for 4:2:0
}

// scanJPEG reads segments up to the first scan.
func scanJPEG(data []byte) jpegHead {
	h := jpegHead{samples: 4}
	for rest := data[min(2, len(data)):]; len(rest) >= 4; {
		if rest[0] != 0xff {
			rest = rest[1:]
			continue
		}
		marker := rest[1]
		if marker == 0xff || marker == 0 || marker == 1 || marker >= 0xd0 && marker <= 0xd8 { // fill bytes and markers without data
			rest = rest[1:]
			continue
		}
		if marker == 0xda || marker == 0xd9 { // the scan, the end
			return h
		}
		size := uint64(binary.BigEndian.Uint16(rest[2:]))
		var body []byte
		body, rest = cut(rest, 4, max(size, 2)-2, 0)
		switch {
		case marker == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")):
			if h.exif == nil {
				h.exif = slices.Clip(body)
			} else { // one that is too long for a segment goes on in the next
				h.exif = append(h.exif, body[6:]...)
			}
		case marker == 0xe1 && bytes.HasPrefix(body, []byte("http://ns.adobe.com/xap/1.0/\x00")):
			h.xmp = body
		case marker >= 0xc0 && marker <= 0xc2 && len(body) >= 6:
			h.progressive = marker == 0xc2
			h.samples = samples(body)
		}
	}
	return h
}

// samples adds up the components of a frame header, each relative to the finest.
func samples(frame []byte) float64 {
	sum, finestH, finestV := 0, 1, 1
	for c := 6; c+3 <= len(frame); c += 3 {
		h, v := int(frame[c+1]>>4), int(frame[c+1]&15)
		sum += h * v
		finestH, finestV = max(finestH, h), max(finestV, v)
	}
	return float64(sum) / float64(finestH*finestV)
}
