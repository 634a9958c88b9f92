package traffic

import (
	"slices"
	"strings"
	"testing"
)

// The header as published, and rows made by hand.
const behaviorCSV = `,_id,inter_api_access_duration(sec),api_access_uniqueness,sequence_length(count),vsession_duration(min),ip_type,num_sessions,num_users,num_unique_apis,source,classification
0,1f2e,0.0008,0.004066,85.6,5405,default,1460,1295,451,E,normal
1,4c22,0.0633,0.8,7.0,12,datacenter,3,2,5,F,outlier
2,616e,,,1.0,0,default,9,1,1,E,normal
3,a0c1,0.1,0.5,2.0,1,default,1,1,1,E,unknown
4,a0c2,0.1
5,a0c3,0.2,1,2.0,1,default,1,1,1,E,outlier
`

func TestReadBehaviors(t *testing.T) {
	all, unreadable, err := ReadBehaviors(strings.NewReader(behaviorCSV))
	want := []Behavior{{0.004066, false}, {0.8, true}, {1, true}}
	if err != nil || unreadable != 3 || !slices.Equal(all, want) {
		t.Errorf("%v, %d unreadable, %v, want %v and 3", all, unreadable, err, want)
	}
	for _, text := range []string{"", "api_access_uniqueness\n0.5\n"} {
		if all, _, err := ReadBehaviors(strings.NewReader(text)); err == nil {
			t.Errorf("%q: %v, want an error", text, all)
		}
	}
}

// Whatever the file holds, a share is a share, and every row is counted once.
func FuzzReadBehaviors(f *testing.F) {
	f.Add(behaviorCSV)
	f.Add("classification,api_access_uniqueness\nnormal,NaN\noutlier,1e9\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		all, unreadable, _ := ReadBehaviors(strings.NewReader(text))
		if lines := strings.Count(text, "\n") + strings.Count(text, "\r"); len(all)+unreadable > lines+1 {
			t.Fatalf("%d rows of %d lines", len(all)+unreadable, lines)
		}
		for _, b := range all {
			if !(b.Uniqueness >= 0 && b.Uniqueness <= 1) {
				t.Fatalf("share %g", b.Uniqueness)
			}
		}
	})
}
