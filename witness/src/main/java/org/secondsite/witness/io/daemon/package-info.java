/** A node of the witness: its server, and who may ask what. */
package org.secondsite.witness.io.daemon;
