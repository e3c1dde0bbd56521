/** The revisions of a gateway's configuration on disk. */
package org.secondsite.gateway.change.io;
