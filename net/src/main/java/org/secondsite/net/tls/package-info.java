/** TLS between the daemons: both ends show a certificate of one authority, and are known by its common name. */
package org.secondsite.net.tls;
