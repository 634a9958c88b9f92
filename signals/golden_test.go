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
	f := secondLook(r)
	f.Flags |= models.TimesAnswers
	if r.IntN(4) > 0 {
		f.Flags |= models.KnowsDistance
	}
	f.Values[models.RTTConnection] = float32(r.IntN(20*256)) / 256
	f.Values[models.RTTHandshake] = float32(r.IntN(400*256)) / 256
	f.Values[models.RTTDistance] = float32(r.IntN(4000))
	return f
}

// secondLook is one of before round trips were timed.
func secondLook(r *rand.Rand) *models.Features {
	f := firstLook(r)
	f.Flags |= models.SecondModel
	for i := firstFeatures; i < secondFeatures; i++ {
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

// What the first model knew, and what was known before round trips were timed.
const (
	firstFeatures  = int(models.HeldTravel) + 1
	firstGroups    = int(models.Credit) + 1
	secondFeatures = int(models.ObjectsRunTop) + 1
	secondGroups   = int(models.Rhythm) + 1
)

// appendEarlier is Features.AppendBinary of a build that knew so many groups and
// features.
func appendEarlier(f *models.Features, groups, features int) []byte {
	b := append([]byte{2, 0, byte(groups), byte(features)}, 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(b[4:], uint32(f.Flags))
	b = append(b, make([]byte, groups+(features+7)/8)...)
	for i, v := range f.Values[:features] {
		if bits := math.Float32bits(v); bits != 0 {
			b[8+groups+i/8] |= 1 << (i % 8)
			b = binary.LittleEndian.AppendUint32(b, bits)
		}
	}
	return b
}

// The evidence of 5000 looks, to the last bit. It is the same on every machine
// and under every GOAMD64; a change of the model changes it on purpose.
func TestEvaluateGolden(t *testing.T) {
	const want = "ea2e8891c2fd6a2242a59f94408b7fa6a76045fc74b8468b344415e6d7e9f8ca"
	if got := digest(wholeLook, models.NumGroups, (*models.Features).AppendBinary); got != want {
		t.Errorf("evidence has the digest\n%s, want\n%s", got, want)
	}
}

// Events of earlier builds recompute to the bits that those computed, and the
// groups that they did not know say nothing.
func TestEvaluateGoldenOfEarlierBuilds(t *testing.T) {
	for _, build := range []struct {
		groups, features int
		look             func(*rand.Rand) *models.Features
		want             string
	}{
		{firstGroups, firstFeatures, firstLook, "88e0f8983bade5e0fe4938c35b3ef2af8b67fccb0684b8fe1321e53814821790"},
		{secondGroups, secondFeatures, secondLook, "16d3363db92fe5b6f2c4fd8d96b124e94a15053375cdf9a30376d679afdd842e"},
	} {
		write := func(f *models.Features, b []byte) []byte {
			return append(b, appendEarlier(f, build.groups, build.features)...)
		}
		read := func(r *rand.Rand) *models.Features {
			var f models.Features
			if err := f.UnmarshalBinary(write(build.look(r), nil)); err != nil {
				t.Fatal(err)
			}
			var e models.EvidenceSet
			Evaluate(&f, &e)
			for g := build.groups; g < len(e); g++ {
				if e[g] != (models.Evidence{}) {
					t.Fatalf("%s says %+v of an event that was written before it existed", models.Group(g), e[g])
				}
			}
			return &f
		}
		if got := digest(read, models.Group(build.groups), write); got != build.want {
			t.Errorf("%d groups: evidence has the digest\n%s, want\n%s", build.groups, got, build.want)
		}
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
