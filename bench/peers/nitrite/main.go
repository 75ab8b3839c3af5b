// SPDX-License-Identifier: Apache-2.0

// Judges a Nitro document again and again with github.com/hf/nitrite.
//
//	nitrite DIR UNIXTIME SECONDS
//
// DIR has the document as `evidence` and the root to trust as `root.der`. Cold, the root is read
// from its bytes each time; warm, the pool of roots is kept. The library keeps nothing else.
package main

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/hf/nitrite"
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

func pool(root []byte) *x509.CertPool {
	cert, err := x509.ParseCertificate(root)
	need(err)
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return roots
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
	evidence, root := file("evidence"), file("root.der")
	seconds, err := strconv.ParseInt(os.Args[2], 10, 64)
	need(err)
	options := nitrite.VerifyOptions{CurrentTime: time.Unix(seconds, 0)}
	verify := func() {
		_, err := nitrite.Verify(evidence, options)
		need(err)
	}
	measure("cold", func() {
		options.Roots = pool(root)
		verify()
	})
	measure("warm", verify)
}
