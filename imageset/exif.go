package imageset

import (
	"bytes"
	"encoding/binary"
)

// orientation returns EXIF's orientation (1: upright, to 8) of an encoded image; 1 if it has none or one that makes no sense.
func orientation(data []byte, format string) int {
	switch format {
	case "jpeg":
		return scanJPEG(data).orientation
	case "png":
		return orientationInChunks(data, 8, pngChunk)
	case "webp":
		return orientationInChunks(data, 12, webpChunk)
	case "tiff":
		return exifOrientation(data)
	}
	return 1
}

// exifOrientation looks the tag up in EXIF data, which is a TIFF file.
func exifOrientation(data []byte) int {
	data = bytes.TrimPrefix(data, []byte("Exif\x00\x00"))
	if len(data) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if data[0] == 'M' {
		order = binary.BigEndian
	}
	if order.Uint16(data[2:]) != 42 {
		return 1
	}
	at := uint64(order.Uint32(data[4:]))
	if at+2 > uint64(len(data)) {
		return 1
	}
	entries := data[at+2:]
	for range order.Uint16(data[at:]) {
		if len(entries) < 12 {
			return 1
		}
		const tagOrientation, typeShort = 0x0112, 3
		if order.Uint16(entries) == tagOrientation && order.Uint16(entries[2:]) == typeShort {
			if o := order.Uint16(entries[8:]); o >= 1 && o <= 8 {
				return int(o)
			}
			return 1
		}
		entries = entries[12:]
	}
	return 1
}

// orientationInChunks goes through a file of chunks from at on.
func orientationInChunks(data []byte, at int, chunk func([]byte) (name string, body, rest []byte)) int {
	for rest := data[min(at, len(data)):]; len(rest) >= 8; {
		var name string
		var body []byte
		name, body, rest = chunk(rest)
		if name == "eXIf" || name == "EXIF" {
			return exifOrientation(body)
		}
	}
	return 1
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
	orientation int
	progressive bool
	samples     float64 // per pixel, of all components: 3 for 4:4:4, 1.5 for 4:2:0
}

// scanJPEG reads segments up to the first scan.
func scanJPEG(data []byte) jpegHead {
	h := jpegHead{orientation: 1, samples: 4}
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
			h.orientation = exifOrientation(body)
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
