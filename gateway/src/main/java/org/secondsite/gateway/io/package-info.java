/** What a gateway keeps on its disk. */
package org.secondsite.gateway.io;
