// SPDX-License-Identifier: Apache-2.0

// Judges a SEV-SNP report again and again with github.com/google/go-sev-guest.
//
//	go-sev-guest DIR UNIXTIME SECONDS
//
// DIR has report and certificate table as `evidence`, and the roots to trust, `ask.der` and
// `root.der`, of the product line in `product`. Cold, the roots are read from their bytes each
// time; warm, they are kept. Nothing is fetched, and no revocation list is asked for.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-sev-guest/abi"
	"github.com/google/go-sev-guest/verify"
	"github.com/google/go-sev-guest/verify/trust"
)

func need(err error) {
	if err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
}

func file(name string) []byte {
	bytes, err := os.ReadFile(filepath.Join(os.Args[1], name))
	need(err)
	return bytes
}

func roots(product string, ask, ark []byte) map[string][]*trust.AMDRootCerts {
	root := trust.AMDRootCertsProduct(product)
	need(root.Decode(ask, ark))
	return map[string][]*trust.AMDRootCerts{product: {root}}
}

func measure(name string, verify func()) {
	seconds, err := strconv.ParseFloat(os.Args[3], 64)
	need(err)
	verify()
	start, count := time.Now(), 0
	for ; time.Since(start).Seconds() < seconds; count++ {
		verify()
	}
	fmt.Printf("%s %.2f\n", name, float64(time.Since(start).Nanoseconds())/1e3/float64(count))
}

func main() {
	evidence, ask, ark := file("evidence"), file("ask.der"), file("root.der")
	product := strings.TrimSpace(string(file("product")))
	seconds, err := strconv.ParseInt(os.Args[2], 10, 64)
	need(err)
	options := &verify.Options{DisableCertFetching: true, Now: time.Unix(seconds, 0)}
	judge := func() {
		attestation, err := abi.ReportCertsToProto(evidence)
		need(err)
		need(verify.SnpAttestation(attestation, options))
	}
	measure("cold", func() {
		options.TrustedRoots = roots(product, ask, ark)
		judge()
	})
	measure("warm", judge)
}
