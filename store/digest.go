package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/dvml/dvml/internal/hdf5"
)

// The files that this package writes carry a SHA-256 of each image's bytes (dataset digests), one of these digests (attribute digest) and one of labels,
// names and split (attribute labels_digest). Opening compares the last two and a sample of the images; Check compares every image.

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// labelsDigest is the digest of what the file says of its images.
func labelsDigest(labels []int32, classes []string, rows [len(splits)][]int) string {
	h := sha256.New()
	put := func(v int) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], uint64(v))
		h.Write(b[:])
	}
	for _, l := range labels {
		put(int(l))
	}
	for _, c := range classes {
		put(len(c))
		h.Write([]byte(c))
	}
	for _, s := range rows {
		put(len(s))
		for _, r := range s {
			put(r)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// labelsOf are the labels of targets, little endian int32 that count from 1.
func labelsOf(targets []byte) []int32 {
	labels := make([]int32, len(targets)/4)
	for i := range labels {
		labels[i] = int32(binary.LittleEndian.Uint32(targets[4*i:])) - 1
	}
	return labels
}

// loadDigests reads the digests of a file that has them, and compares those of the labels. Files of earlier versions have none.
func (r *Reader) loadDigests(f *hdf5.File, labels string) error {
	if labels == "" {
		return nil
	}
	if got := labelsDigest(r.labels, r.classes, r.rows); got != labels {
		return fmt.Errorf("its labels, names or split are not those that were written: the file is damaged; %s", again)
	}
	d, err := dataset(f, "digests")
	if err != nil {
		return err
	}
	v, err := f.Read(d)
	if err != nil {
		return fmt.Errorf("dataset \"digests\": %w", err)
	}
	if len(v.Data) != r.n*sha256.Size || digestOf(v.Data) != r.digest {
		return fmt.Errorf("its digests are not those that were written: the file is damaged; %s", again)
	}
	r.digests = v.Data
	return nil
}

// again is what to do with a damaged file.
const again = "prepare it again, or take a copy"

// compare holds the bytes of image i against its digest.
func (r *Reader) compare(i int, b []byte) error {
	if r.digests == nil {
		return nil
	}
	if sum := sha256.Sum256(b); string(sum[:]) != string(r.digests[i*sha256.Size:(i+1)*sha256.Size]) {
		return fmt.Errorf("image %d is not the one that was written: the file is damaged; %s", i, again)
	}
	return nil
}

// span is where in the file the bytes of image i lie.
func (r *Reader) span(i int) (from, to int64) {
	if r.offsets != nil {
		return r.at + r.offsets[i], r.at + r.offsets[i+1]
	}
	size := int64(3 * r.size * r.size)
	return r.at + int64(i)*size, r.at + int64(i+1)*size
}

// Check reads every image and compares it with its digest: the first that differs is the error. known is false where the file carries no digests, as those
// made elsewhere and by earlier versions. progress, where not nil, is told after each image.
func (r *Reader) Check(ctx context.Context, progress func(done, total int)) (known bool, err error) {
	if r.digests == nil {
		return false, nil
	}
	var b []byte
	for i := range r.n {
		if err := ctx.Err(); err != nil {
			return true, err
		}
		from, to := r.span(i)
		if n := int(to - from); cap(b) < n {
			b = make([]byte, n)
		}
		b = b[:to-from]
		if _, err := r.images().ReadAt(b, from); err != nil {
			return true, fmt.Errorf("image %d: %w", i, err)
		}
		if err := r.compare(i, b); err != nil {
			return true, err
		}
		if progress != nil {
			progress(i+1, r.n)
		}
	}
	return true, nil
}
