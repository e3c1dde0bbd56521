/** What every daemon needs to speak with another, whatever they say: the floor between the words of a configuration and the features. */
package org.secondsite.net;
