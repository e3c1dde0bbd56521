/** The witness's protocol as bytes: messages, and the codec that reads and writes them. Pure. */
package org.secondsite.witness.wire;
