/** TLS by BoringSSL, and the files that it needs. */
package org.secondsite.net.tls.io;
