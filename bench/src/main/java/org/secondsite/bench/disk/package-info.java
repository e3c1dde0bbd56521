/** The disk server beside QEMU's own, under fio. */
package org.secondsite.bench.disk;
