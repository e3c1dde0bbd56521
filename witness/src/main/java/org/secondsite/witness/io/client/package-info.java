/** Asking a witness, and hearing what it tells. */
package org.secondsite.witness.io.client;
