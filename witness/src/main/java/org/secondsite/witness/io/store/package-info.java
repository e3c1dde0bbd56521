/** Records on the disk of one node. */
package org.secondsite.witness.io.store;
