/** Certificates for laboratories, tests and measurements. No daemon has this on its class path. */
package org.secondsite.pki;
