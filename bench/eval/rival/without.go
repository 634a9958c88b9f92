package rival

import (
	"fmt"
	"reflect"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// Without returns the configuration with the weight of one group at 0. The field
// is found by the name that it has in YAML, which is the group's.
func Without(c risk.Config, g models.Group) risk.Config {
	weights := reflect.ValueOf(&c.Weights).Elem()
	for i := range weights.NumField() {
		if weights.Type().Field(i).Tag.Get("yaml") == g.String() {
			weights.Field(i).SetFloat(0)
			return c
		}
	}
	panic(fmt.Sprintf("BUG: group %s has no weight", g))
}
