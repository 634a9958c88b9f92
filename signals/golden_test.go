package signals

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// wholeLook is a look whose features are whole numbers of 1/256, so that no
// machine rounds them differently.
func wholeLook(r *rand.Rand) *models.Features {
	f := firstLook(r)
	f.Flags |= models.SecondModel
	for i := firstFeatures; i < len(f.Values); i++ {
		f.Values[i] = float32(r.IntN(20*256)) / 256
	}
	f.Values[models.RefusedMean], f.Values[models.RefusedVar] = f.Values[models.RefusedMean]/64, f.Values[models.RefusedVar]/64
	f.Values[models.ObjectCounts], f.Values[models.StepCounts] = float32(r.IntN(1<<24)), float32(r.IntN(1<<24))
	return f
}

// firstLook is one of the first model.
func firstLook(r *rand.Rand) *models.Features {
	f := &models.Features{Flags: models.IsLook | models.HasAgent | models.AboveTLS | models.Flag(r.Uint32()&0x7fffff)}
	for i := range firstFeatures {
		f.Values[i] = float32(r.IntN(40*256)) / 256
	}
	for i := range models.Feature(3) {
		for _, first := range []models.Feature{models.NetShare1, models.DevShare1, models.NetNovelty1, models.DevNovelty1, models.NetHazard1, models.DevHazard1} {
			f.Values[first+i] = float32(1+r.IntN(256)) / 256
		}
	}
	for _, i := range []models.Feature{models.NetTrust2, models.NetTrust3, models.DevTrust2, models.DevTrust3, models.TokenTrust, models.ObjectsRefused, models.TimeGlobal} {
		f.Values[i] = float32(r.IntN(257)) / 256
	}
	f.Values[models.TokenStatus] = float32(r.IntN(4))
	f.Values[models.TravelDistance] *= 256
	return f
}

// What the first model knew.
const (
	firstFeatures = int(models.HeldTravel) + 1
	firstGroups   = int(models.Credit) + 1
)

// appendFirst is Features.AppendBinary of a build of the first model.
func appendFirst(f *models.Features) []byte {
	b := append([]byte{2, 0, byte(firstGroups), byte(firstFeatures)}, 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(b[4:], uint32(f.Flags))
	b = append(b, make([]byte, firstGroups+(firstFeatures+7)/8)...)
	for i, v := range f.Values[:firstFeatures] {
		if bits := math.Float32bits(v); bits != 0 {
			b[8+firstGroups+i/8] |= 1 << (i % 8)
			b = binary.LittleEndian.AppendUint32(b, bits)
		}
	}
	return b
}

// The evidence of 5000 looks, to the last bit. It is the same on every machine
// and under every GOAMD64; a change of the model changes it on purpose.
func TestEvaluateGolden(t *testing.T) {
	const want = "2a8dfecb2d3a872b9eeb8d2c75df313574c74ec8619ba89f09fc894b6bd39fe5"
	if got := digest(wholeLook, models.NumGroups, (*models.Features).AppendBinary); got != want {
		t.Errorf("evidence has the digest\n%s, want\n%s", got, want)
	}
}

// Events of the first model recompute to the bits that its builds computed, and
// the groups that they did not know say nothing.
func TestEvaluateGoldenOfTheFirstModel(t *testing.T) {
	const want = "88e0f8983bade5e0fe4938c35b3ef2af8b67fccb0684b8fe1321e53814821790"
	read := func(r *rand.Rand) *models.Features {
		var f models.Features
		if err := f.UnmarshalBinary(appendFirst(firstLook(r))); err != nil {
			t.Fatal(err)
		}
		var e models.EvidenceSet
		Evaluate(&f, &e)
		for g := firstGroups; g < len(e); g++ {
			if e[g] != (models.Evidence{}) {
				t.Fatalf("%s says %+v of an event that was written before it existed", models.Group(g), e[g])
			}
		}
		return &f
	}
	first := func(f *models.Features, b []byte) []byte { return append(b, appendFirst(f)...) }
	if got := digest(read, models.Group(firstGroups), first); got != want {
		t.Errorf("evidence has the digest\n%s, want\n%s", got, want)
	}
}

func digest(look func(*rand.Rand) *models.Features, groups models.Group, write func(*models.Features, []byte) []byte) string {
	r := rand.New(rand.NewPCG(11, 12))
	sum := sha256.New()
	for range 5000 {
		f := look(r)
		var e models.EvidenceSet
		Evaluate(f, &e)
		_, _ = sum.Write(write(f, nil))
		for g := range groups {
			var b [17]byte
			binary.LittleEndian.PutUint64(b[:], math.Float64bits(e[g].Lambda))
			binary.LittleEndian.PutUint64(b[8:], math.Float64bits(e[g].Confidence))
			b[16] = byte(e[g].State)
			_, _ = sum.Write(b[:])
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}
