/**
 * Ids that CoinGecko has for well known coins (from its /coins/list), by symbol. A symbol is never looked up at run time: some 1,500
 * symbols are shared by several coins there. A coin that is not in this table needs its id in the catalogue.
 */
export const COINGECKO_IDS: ReadonlyMap<string, string> = new Map(
  `aave=aave ada=cardano algo=algorand ape=apecoin apt=aptos ar=arweave arb=arbitrum aster=aster-2 atom=cosmos
  avax=avalanche-2 axs=axie-infinity bch=bitcoin-cash bera=berachain-bera bgb=bitget-token bnb=binancecoin
  bonk=bonk bsv=bitcoin-cash-sv btc=bitcoin cake=pancakeswap-token cbbtc=coinbase-wrapped-btc chz=chiliz
  comp=compound-governance-token cro=crypto-com-chain crv=curve-dao-token dai=dai dash=dash doge=dogecoin
  dot=polkadot egld=elrond-erd-2 ena=ethena ens=ethereum-name-service eos=eos etc=ethereum-classic eth=ethereum
  fdusd=first-digital-usd fet=fetch-ai fil=filecoin floki=floki flow=flow flr=flare-networks ftm=fantom gala=gala
  grt=the-graph gt=gatechain-token hbar=hedera-hashgraph hype=hyperliquid icp=internet-computer imx=immutable-x
  inj=injective-protocol iota=iota jto=jito-governance-token jup=jupiter-exchange-solana kas=kaspa ldo=lido-dao
  leo=leo-token link=chainlink ltc=litecoin mana=decentraland matic=matic-network mkr=maker mnt=mantle near=near
  neo=neo okb=okb ondo=ondo-finance op=optimism paxg=pax-gold pendle=pendle pengu=pudgy-penguins pepe=pepe
  pol=polygon-ecosystem-token pump=pump-fun pyth=pyth-network pyusd=paypal-usd qnt=quant-network
  render=render-token rlusd=ripple-usd rune=thorchain s=sonic-3 sand=the-sandbox sei=sei-network shib=shiba-inu
  sky=sky snt=status snx=havven sol=solana steth=staked-ether strk=starknet stx=blockstack sui=sui tao=bittensor
  theta=theta-token tia=celestia ton=the-open-network trump=official-trump trx=tron tusd=true-usd uni=uniswap
  usd1=usd1-wlfi usdc=usd-coin usde=ethena-usde usds=usds usdt=tether vet=vechain wbtc=wrapped-bitcoin
  weeth=wrapped-eeth wif=dogwifcoin wld=worldcoin-wld wlfi=world-liberty-financial wsteth=wrapped-steth
  xaut=tether-gold xdc=xdce-crowd-sale xlm=stellar xmr=monero xpl=plasma xrp=ripple xtz=tezos yfi=yearn-finance
  zec=zcash`
    .split(/\s+/)
    .map((entry) => entry.split('=') as [string, string]),
);
