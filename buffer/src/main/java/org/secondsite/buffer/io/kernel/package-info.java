/** What the data plane has the kernel do: rules, addresses, settings; made, verified and removed. */
package org.secondsite.buffer.io.kernel;
