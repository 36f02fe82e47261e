// SPDX-License-Identifier: Apache-2.0

// The echo server in Go: a goroutine for each connection. See ../echo/server.h.
package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
)

func serve(connection net.Conn) {
	text := make([]byte, 4096)
	for {
		bytes, err := connection.Read(text)
		if err != nil {
			break
		}
		if _, err = connection.Write(text[:bytes]); err != nil {
			break
		}
	}
	connection.Close()
}

func fail(what ...interface{}) {
	fmt.Fprintln(os.Stderr, append([]interface{}{"echo server:"}, what...)...)
	os.Exit(1)
}

// RLIMIT_NOFILE is raised by package os since Go 1.19. Go sets TCP_NODELAY, and its backlog is the system's, 4096.
func main() {
	if len(os.Args) != 3 {
		fail("usage: echo-go PORT WORKERS")
	}
	workers, err := strconv.Atoi(os.Args[2])
	if err != nil {
		fail(err)
	}
	runtime.GOMAXPROCS(workers)
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		fail(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			fail(err)
		}
		go serve(connection)
	}
}
