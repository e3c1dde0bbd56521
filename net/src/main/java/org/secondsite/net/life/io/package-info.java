/** The watchdog's thread, event loops that are watched, and the end of a process. */
package org.secondsite.net.life.io;
