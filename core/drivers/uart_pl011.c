// SPDX-License-Identifier: BSD-2-Clause
/*
 * ARM's PrimeCell UART, PL011 (DDI 0183). The boot code or firmware has set the line up.
 */
#include "serial.h"
#include <arch/io.h>
#include <janus/uart.h>

enum reg { DR = 0x00, FR = 0x18, LCR_H = 0x2c, CR = 0x30, IFLS = 0x34, IMSC = 0x38, MIS = 0x40, ICR = 0x44 };
#define DR_BREAK (1u << 10)
#define FR_RX_EMPTY (1u << 4)
#define FR_TX_FULL (1u << 5)
#define FR_TX_EMPTY (1u << 7)
#define LCR_H_8BIT_FIFO 0x70
#define CR_ENABLE 0x301		/* the port, its transmitter and receiver */
#define INT_RX (1u << 4)
#define INT_TX (1u << 5)
#define INT_RX_TIMEOUT (1u << 6)
#define INT_ALL 0x7ff
#define FIFO_SIZE 16

static u32 in(struct serial_port *port, enum reg reg) { return arch_io_read32(port->reg + reg); }
static void out(struct serial_port *port, enum reg reg, u32 v) { arch_io_write32(port->reg + reg, v); }

static void start(struct serial_port *port)
{
	out(port, IMSC, 0);
	out(port, LCR_H, LCR_H_8BIT_FIFO);
	out(port, CR, CR_ENABLE);
	out(port, ICR, INT_ALL & ~(INT_RX | INT_RX_TIMEOUT));
}

static unsigned tx_room(struct serial_port *port)
{
	u32 flags = in(port, FR);

	if (flags & FR_TX_FULL)
		return 0;
	return flags & FR_TX_EMPTY ? FIFO_SIZE : 1;
}

static void tx_byte(struct serial_port *port, u8 byte)
{
	out(port, DR, byte);
}

static int rx_byte(struct serial_port *port)
{
	u32 data;

	if ((in(port, FR) & FR_RX_EMPTY) || !(port->enabled & INT_RX))
		return SERIAL_NONE;
	data = in(port, DR);
	return data & DR_BREAK ? SERIAL_BREAK : (int)(data & 0xff);
}

static void enable(struct serial_port *port, u32 interrupts)
{
	out(port, IMSC, interrupts);
}

static bool interrupt(void *arg)
{
	struct serial_port *port = arg;
	u32 status = in(port, MIS);

	if (!status)
		return false;
	out(port, ICR, status & ~(INT_RX | INT_RX_TIMEOUT));	/* those end when the FIFO is read */
	serial_receive(port);
	serial_transmit(port);
	return true;
}

static const struct serial_chip chip_pl011 = {
	.tx_interrupt = INT_TX,
	.rx_interrupts = INT_RX | INT_RX_TIMEOUT,
	.start = start,
	.tx_room = tx_room,
	.tx_byte = tx_byte,
	.rx_byte = rx_byte,
	.enable = enable,
	.interrupt = interrupt,
};

int uart_pl011_register(unsigned long reg, unsigned irq)
{
	return serial_register(&chip_pl011, reg, "ttyAMA0", 204, 64, irq);
}
